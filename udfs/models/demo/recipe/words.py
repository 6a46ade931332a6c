"""`python -m udfs.models.demo.recipe.words --corpus FOLDER`: writes `words.json`, the words that the model knows.

A word is a piece that GPT-2's tokenizer splits off before it cuts it into tokens: letters, digits or signs, with the
space before them. The list lets a spreadsheet tokenize by look-up; see `workbook_templates/pure`.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final

from udfs.backend import catalogue
from udfs.backend.gpt2.tokenizer import encode, split
from udfs.models.demo.known import WORDS_FILE, known_tokens
from udfs.models.demo.recipe import sources
from udfs.models.demo.recipe.grammar import documents

_DOCUMENTS: Final = 100_000
_LEAST: Final = 5
"""A word of the everyday sources is listed if it occurs this often."""


def listed_words(everyday: Iterable[str], grammar: Iterable[str], known: frozenset[int]) -> list[str]:
    """The sorted words of the grammar's texts, and the words that are frequent in everyday texts.

    All tokens of a word are known.
    """
    counts = Counter(word for text in everyday for word in split(text))
    words = {word for text in grammar for word in split(text)}
    words |= {word for word, count in counts.items() if count >= _LEAST}
    return sorted(text for word in words if known.issuperset(encode(text := word.decode("utf-8"))))


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(prog="python -m udfs.models.demo.recipe.words", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with the texts, see the README")
    everyday = (text for part in sources.read(parser.parse_args().corpus).values() for text in part.training)
    grammar = (document.text for document in islice(documents(0), _DOCUMENTS))
    words = listed_words(everyday, grammar, known_tokens(catalogue.load(catalogue.DEMO)))
    WORDS_FILE.write_text(json.dumps(words, indent=0) + "\n", encoding="utf-8")
    print(f"{len(words)} words: {WORDS_FILE}")


if __name__ == "__main__":
    main()
