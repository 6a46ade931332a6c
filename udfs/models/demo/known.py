"""The tokens and words that the demo model knows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import split
from udfs.backend.gpt2.vocabulary import END_OF_TEXT_TOKEN

WORDS_FILE = Path(__file__).with_name("words.json")


def known_tokens(model: Model) -> frozenset[int]:
    """The tokens that a model learned: each has a row of its own in the embedding. All others share one row."""
    rows = [row.tobytes() for row in model["wte.weight"]]
    counts = Counter(rows)
    return frozenset(token for token, row in enumerate(rows) if counts[row] == 1)


def known_words() -> list[str]:
    """The words of the training texts, most of them with the space before them, in the order of `sorted`."""
    words: list[str] = json.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return words


def unlearned_words(text: str) -> list[str]:
    """The words of a text that the demo model never learned, each once.

    A word that it knows in another spelling is followed by that spelling: `mike (it knows Mike)`.
    """
    words = [piece.decode("utf-8", "replace") for part in text.split(END_OF_TEXT_TOKEN) for piece in split(part)]
    return [_shown(word) for word in dict.fromkeys(words) if word not in _learned()]


@cache
def _learned() -> frozenset[str]:
    return frozenset(known_words())


@cache
def _spellings() -> Mapping[str, str]:
    """The known words by their letters alone; if there are several, those with a space before them count."""
    return {word.strip().lower(): word for word in sorted(known_words(), reverse=True)}


def _shown(word: str) -> str:
    plain = word.strip()
    if not plain:
        return f'"{word}"'.replace("\n", "\\n")
    known = _spellings().get(plain.lower())
    if known is None:
        return plain
    return f"{plain} (it knows {known.strip()})" if known.strip() != plain else f"{plain} (it knows it after a space)"
