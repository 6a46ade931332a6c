"""`python -m udfs.models.demo.recipe.words`: writes `words.json`, the words of the corpus that the model knows.

A word is a piece that GPT-2's tokenizer splits off before it cuts it into tokens: letters, digits or signs, with the
space before them. The list lets a spreadsheet tokenize by look-up; see `workbook_templates/pure`.
"""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from udfs.backend import catalogue
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import encode, split
from udfs.models.demo.recipe.grammar import documents

FILE: Final = Path(__file__).parents[1] / "words.json"

_DOCUMENTS: Final = 100_000
_MIXTURES: Final = 6
_APART: Final = 0.1
"""The least distance of a known token's row from the common row, relative to that row's length; others: 0.02."""


def known_tokens(model: Model) -> frozenset[int]:
    """The tokens that occur in the corpus. All others share one row of the embedding, except for a little noise."""
    wte = model["wte.weight"]  # [n_vocab, n_embd]
    common = np.median(wte, axis=0)  # [n_embd]
    apart = np.linalg.norm(wte - common, axis=1) > _APART * np.linalg.norm(common)
    return frozenset(np.flatnonzero(apart).tolist())


def corpus_words(seed: int, known: frozenset[int]) -> list[str]:
    """The sorted words of a sample of every mixture whose tokens are all known."""
    seen = {
        word.decode("utf-8")
        for mixture in range(_MIXTURES)
        for document in islice(documents(seed + mixture, mixture), _DOCUMENTS)
        for word in split(document.text)
    }
    return sorted(word for word in seen if known.issuperset(encode(word)))


def main() -> None:
    """Writes the file."""
    words = corpus_words(0, known_tokens(catalogue.load(catalogue.DEMO)))
    FILE.write_text(json.dumps(words, indent=0) + "\n", encoding="utf-8")
    print(f"{len(words)} words: {FILE}")


if __name__ == "__main__":
    main()
