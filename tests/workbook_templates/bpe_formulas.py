"""The tokens of the workbook of native formulas, compared with tiktoken's.

python -m tests.workbook_templates.bpe_formulas headless|ironcalc|calc

types in 2,000 words and 300 sentences and prints those whose tokens differ.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from addin.headless import Workbook
from tests.random_checkpoint import write_checkpoint
from tests.workbook_templates.files import few_rows
from udfs.backend.gpt2.tokenizer import encode, split, token_text
from workbook_templates import build

_ROOM = 48
_MOST = 17  # bytes of a word, the space before it included
_GIVEN = ["reinjury", "funology", "Montevideo", "Wittgenstein", "Åse", "naïveté", "Đoković", "Σωκράτης", "Владимир"]
_MARKS = [
    ".",
    ",",
    "!",
    "?",
    ";",
    ":",
    "...",
    "--",
    "'s",
    "'ll",
    "n't",
    "'",
    '"',
    "(",
    ")",
    "%",
    "$5",
    "\u2014",
    "\u201c",
]

Tokens = Callable[[str], "list[int] | str"]  # a prompt's token ids, or the message that refuses it


def words(count: int, seed: int = 0) -> list[str]:
    """Words that occur, and words put together from tokens, with digits and capitals."""
    chance = random.Random(seed)
    parts = [
        text.strip() for i in range(256, 50256) if (text := token_text(i)).strip(" ").isalnum() and "\\" not in text
    ]
    found = list(_GIVEN)
    while len(found) < count:
        word = "".join(chance.sample(parts, chance.choice((1, 1, 1, 2, 3))))
        word = chance.choice(
            (word, word, word.lower(), word.upper(), word.capitalize(), f"{word}{chance.randint(0, 9999)}")
        )
        if all(len(piece) < _MOST for piece in split(word)):
            found.append(word)
    return found


def sentences(count: int, seed: int = 1) -> list[str]:
    """Words with spaces, punctuation and line ends."""
    chance = random.Random(seed)
    pool = words(2000, seed)
    found = []
    while len(found) < count:
        text = "".join(
            chance.choice((" ", " ", " ", " ", "", "  ", "\n", "\n\n", "\t", " \n"))
            + chance.choice((chance.choice(pool), chance.choice(pool), chance.choice(_MARKS)))
            for _ in range(chance.randint(3, 12))
        )
        if len(encode(text)) <= _ROOM and all(len(piece) <= _MOST for piece in split(text)):
            found.append(text)
    return found


def prompts(found: list[str]) -> Iterator[str]:
    """Words, several in a prompt, as many as there is room for."""
    prompt = ""
    for word in found:
        longer = f"{prompt} {word}" if prompt else word
        if prompt and (len(encode(longer)) > _ROOM or len(longer) > 8 * _ROOM):
            yield prompt
            longer = word
        prompt = longer
    yield prompt


def small_workbook(folder: Path) -> Path:
    """A workbook with GPT-2's vocabulary and a random model of a few weights."""
    os.environ["GPT2_EXCEL_MODELS"] = str(folder)
    write_checkpoint(folder / "tiny")
    with pytest.MonkeyPatch.context() as patch:
        few_rows(patch)
        return build("pure", folder, tokens=_ROOM, model="tiny")


def in_headless(file: Path) -> Tokens:
    book = Workbook.open(file)

    def tokens(prompt: str) -> list[int] | str:
        book.set("prompt", prompt)
        book.recalculate()
        status = str(book.get("status"))
        return _ids(book.get_range("tokens")) if status == "ready" else status

    return tokens


def in_ironcalc(file: Path) -> Tokens:
    from tests.workbook_templates.ironcalc_book import IronCalcBook

    book = IronCalcBook(file)

    def tokens(prompt: str) -> list[int] | str:
        book.type(prompt)
        status = str(book.named("status"))
        return _ids(book.rows("tokens")) if status == "ready" else status

    return tokens


def in_calc(file: Path) -> Tokens:
    from tests.hosts.calc_host import calc

    book = calc()
    book.open(file)

    def tokens(prompt: str) -> list[int] | str:
        book.set("Prompt", "B6", prompt)
        status = str(book.named("status")[0][0])
        return _ids(book.named("tokens")) if status == "ready" else status

    return tokens


def _ids(table: list[list[Any]]) -> list[int]:
    return [int(row[2]) for row in table[1:] if row[2] not in ("", None)]


def main() -> None:
    engines = {"headless": in_headless, "ironcalc": in_ironcalc, "calc": in_calc}
    with TemporaryDirectory() as folder:
        tokens = engines[sys.argv[1]](small_workbook(Path(folder)))
        for name, texts in (("words", list(prompts(words(2000)))), ("sentences", sentences(300))):
            different = [text for text in texts if tokens(text) != encode(text)]
            print(f"{name}: the same tokens in {len(texts) - len(different)} of {len(texts)} prompts", flush=True)
            for text in different:
                print(f"{text!r}: {tokens(text)}, tiktoken {encode(text)}")


if __name__ == "__main__":
    main()
