"""The tokens and words that the demo model knows."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from udfs.backend.gpt2.model import Model

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
