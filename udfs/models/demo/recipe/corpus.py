"""Turns documents into rows of tokens: the reduced vocabulary and the training batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.backend.gpt2.tokenizer import encode, token_text
from udfs.models.demo.recipe.grammar import Document, documents
from udfs.models.demo.recipe.grammar.words import ACTIONS, MEN, NOUNS, OBJECTS, PLACES, WOMEN

N_VOCAB: Final = 50257
END_OF_TEXT: Final = 50256

_SAMPLE: Final = 200_000
_UNKNOWN_SHARE: Final = 0.04
_MARK_SHARE: Final = 0.3
_LOW: Final = 0.1
"""The loss weight of words that the grammar draws at random, which are mostly noise."""
_WORDS: Final = (*MEN, *WOMEN, *NOUNS, *OBJECTS, *PLACES, *(form for action in ACTIONS for form in action))


@dataclass(frozen=True)
class Vocabulary:
    """The GPT-2 tokens that the corpus uses, in order; every other token becomes `unknown`."""

    tokens: tuple[int, ...]

    @property
    def unknown(self) -> int:
        """The reduced id shared by all tokens that the corpus never uses."""
        return len(self.tokens)

    @property
    def n_unknown(self) -> int:
        """The number of GPT-2 tokens that share the id `unknown`."""
        return N_VOCAB - len(self.tokens)

    def lookup(self) -> NDArray[np.int64]:
        """The reduced id of each GPT-2 token: [50257]."""
        table = np.full(N_VOCAB, self.unknown, dtype=np.int64)  # [n_vocab]
        table[list(self.tokens)] = np.arange(len(self.tokens))
        return table


def find_vocabulary(seed: int) -> Vocabulary:
    """The tokens of a large sample of the first mixture, and `<|endoftext|>`. Later mixtures add almost none."""
    seen = {END_OF_TEXT}
    for document in islice(documents(seed), _SAMPLE):
        seen.update(encode(document.text))
    return Vocabulary(tuple(sorted(seen)))


class Batch(NamedTuple):
    """Inputs, targets, and the targets' loss weights, each [rows, length]."""

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]


class Batches:
    """Rows of packed documents. The batch of a step depends only on the seed and the step."""

    def __init__(self, vocabulary: Vocabulary, seed: int) -> None:
        self._seed = seed
        self._lookup = vocabulary.lookup()
        self._unknown = vocabulary.unknown
        self._end = int(self._lookup[END_OF_TEXT])
        self._lengths = [len(token_text(token)) for token in range(N_VOCAB)]
        encoded = (encode(f" {word}") for word in _WORDS)
        self._replaceable = {int(self._lookup[ids[0]]) for ids in encoded if len(ids) == 1}

    def batch(self, step: int, rows: int, length: int, mixture: int) -> Batch:
        """The rows of one step, from documents of one mixture.

        Each row begins with a document, and some have `<|endoftext|>` before it. Within a row, `<|endoftext|>`
        separates the documents.
        """
        rng = Random(self._seed * 1_000_003 + step)
        stream = documents(rng.randrange(2**32), mixture)
        packed = [self._row(stream, length + 1, rng) for _ in range(rows)]
        ids = np.array([[token for token, _ in row] for row in packed])  # [rows, length + 1]
        weights = np.array([[weight for _, weight in row[1:]] for row in packed], dtype=np.float32)  # [rows, length]
        targets = ids[:, 1:]  # [rows, length]
        return Batch(ids[:, :-1], targets, np.where(targets == self._unknown, np.float32(0), weights))

    def _row(self, stream: Iterator[Document], length: int, rng: Random) -> list[tuple[int, float]]:
        """Tokens with their loss weights."""
        row = [(self._end, _LOW)] if rng.random() < _MARK_SHARE else []
        while len(row) < length:
            row += self._document(next(stream), rng)
            row.append((self._end, _LOW))
        return row[:length]

    def _document(self, document: Document, rng: Random) -> list[tuple[int, float]]:
        """Reduced ids and loss weights of a text. Now and then every occurrence of one word becomes unknown.

        This way the model learns to treat unknown words like the names and things that they replace.
        """
        tokens = encode(document.text)
        ids: list[int] = self._lookup[tokens].tolist()
        if rng.random() < _UNKNOWN_SHARE:
            words = [token for token in ids if token in self._replaceable]
            if words:
                gone = rng.choice(words)
                ids = [self._unknown if token == gone else token for token in ids]
        weighted, position = [], 0
        for token, reduced in zip(tokens, ids, strict=True):
            length = self._lengths[token]
            predictable = any(start in document.predictable for start in range(position, position + length))
            weighted.append((reduced, 1.0 if predictable else _LOW))
            position += length
        return weighted
