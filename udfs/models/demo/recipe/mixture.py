"""Batches of packed documents from the grammar and from the sources of everyday English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import islice
from random import Random
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.backend.gpt2.tokenizer import encode, token_text
from udfs.models.demo.recipe.grammar import Document, documents
from udfs.models.demo.recipe.grammar.words import ACTIONS, MEN, NOUNS, OBJECTS, PLACES, WOMEN
from udfs.models.demo.recipe.sources import GRAMMAR, SHARES, Share, Texts
from udfs.models.demo.recipe.vocabulary import END_OF_TEXT, N_VOCAB, Vocabulary, choose

MARKED: Final = 5.0
"""The loss weight of words in a grammar document that follow from the text before them."""
DRAWN: Final = 0.15
"""The loss weight of words that the grammar draws at random, which are mostly noise. Everyday text has weight 1."""

_SAMPLE: Final = 100_000
_UNKNOWN_SHARE: Final = 0.04
_BEGIN_SHARE: Final = 0.3
_LONGEST: Final = 256
_WORDS: Final = (*MEN, *WOMEN, *NOUNS, *OBJECTS, *PLACES, *(form for action in ACTIONS for form in action))

Numbers = NDArray[np.int32]


class Batch(NamedTuple):
    """Inputs, targets, and the targets' loss weights, each [rows, length]."""

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]


class Piece(NamedTuple):
    """Reduced ids of a document and their loss weights, to be packed into a row."""

    ids: list[int]
    weights: list[float]


class Source:
    """The encoded documents of one source. Every epoch shuffles them anew."""

    def __init__(self, name: str, pieces: list[Numbers], seed: int) -> None:
        self.pieces = pieces
        self.mean_length = sum(map(len, pieces)) / len(pieces)
        self._seed = f"{seed} {name}"
        self._epoch, self._order = -1, list(range(len(pieces)))

    def piece(self, drawn: int) -> Numbers:
        """The document to read when `drawn` of them were read before."""
        epoch, at = divmod(drawn, len(self.pieces))
        if epoch != self._epoch:
            self._epoch, self._order = epoch, list(range(len(self.pieces)))
            Random(f"{self._seed} {epoch}").shuffle(self._order)
        return self.pieces[self._order[at]]


class Mixture:
    """Endless batches. A batch depends on the seed, the step, and `drawn`, which a checkpoint keeps.

    vocabulary: chosen from the texts, with `n_known` tokens, if it is None
    drawn: how many documents of each source were read
    """

    def __init__(
        self, texts: Mapping[str, Texts], n_known: int, seed: int, vocabulary: Vocabulary | None = None
    ) -> None:
        self._seed = seed
        encoded = {name: [encode(text) for text in part.training] for name, part in texts.items()}
        self.vocabulary = vocabulary or _vocabulary(encoded, n_known, seed)
        self.drawn = dict.fromkeys(encoded, 0)
        self._lookup = self.vocabulary.lookup()
        self._end = int(self._lookup[END_OF_TEXT])
        self._sources = {
            name: Source(name, [piece for ids in part for piece in self._cut(ids)], seed)
            for name, part in encoded.items()
        }
        self._lengths = [len(token_text(token)) for token in range(N_VOCAB)]
        words = (encode(f" {word}") for word in _WORDS)
        self._replaceable = {int(self._lookup[ids[0]]) for ids in words if len(ids) == 1}
        mean = sum(len(encode(document.text)) + 1 for document in islice(documents(seed), 1000)) / 1000
        self._means = {GRAMMAR: mean, **{name: source.mean_length for name, source in self._sources.items()}}

    def batch(self, step: int, rows: int, length: int, long: bool) -> Batch:
        """The rows of one step, each from the beginning of a document on.

        Some rows have `<|endoftext|>` before the first document. Within a row it separates the documents.
        """
        rng = Random(f"{self._seed} {step}")
        written = documents(rng.randrange(2**32))
        names = [GRAMMAR, *self._sources]
        chances = [_share(SHARES[name], long) / self._means[name] for name in names]
        ids = np.zeros((rows, length + 1), dtype=np.int64)
        weights = np.zeros((rows, length + 1), dtype=np.float32)
        for row in range(rows):
            filled = 0
            if rng.random() < _BEGIN_SHARE:
                ids[row, 0], filled = self._end, 1
            while filled <= length:
                name = rng.choices(names, chances)[0]
                piece = self._grammar(next(written), rng) if name == GRAMMAR else self._everyday(name)
                room = min(len(piece.ids), length + 1 - filled)
                ids[row, filled : filled + room] = piece.ids[:room]
                weights[row, filled : filled + room] = piece.weights[:room]
                filled += room
        return Batch(ids[:, :-1], ids[:, 1:], weights[:, 1:])

    def _cut(self, ids: list[int]) -> list[Numbers]:
        """A document with `<|endoftext|>` after it, in pieces that are not longer than the context."""
        reduced = np.append(self._lookup[ids], self._end).astype(np.int32)
        return [reduced[at : at + _LONGEST] for at in range(0, len(reduced), _LONGEST)]

    def _everyday(self, name: str) -> Piece:
        piece: list[int] = self._sources[name].piece(self.drawn[name]).tolist()
        self.drawn[name] += 1
        return Piece(piece, [1.0] * len(piece))

    def _grammar(self, document: Document, rng: Random) -> Piece:
        """A document of the grammar. Now and then every occurrence of one word becomes unknown.

        This way the model learns to treat unknown words like the names and things that they replace.
        """
        tokens = encode(document.text)
        ids: list[int] = self._lookup[tokens].tolist()
        if rng.random() < _UNKNOWN_SHARE:
            words = [token for token in ids if token in self._replaceable]
            if words:
                gone = rng.choice(words)
                ids = [self.vocabulary.unknown if token == gone else token for token in ids]
        weights, position = [], 0
        for token, reduced in zip(tokens, ids, strict=True):
            end = position + self._lengths[token]
            follows = any(start in document.predictable for start in range(position, end))
            weights.append(0.0 if reduced == self.vocabulary.unknown else MARKED if follows else DRAWN)
            position = end
        return Piece([*ids, self._end], [*weights, DRAWN])


def _share(share: Share, long: bool) -> float:
    return share.long if long else share.short


def _vocabulary(encoded: Mapping[str, list[list[int]]], n_known: int, seed: int) -> Vocabulary:
    """All tokens of the grammar, and the most frequent ones of the other sources."""
    needed = {token for document in islice(documents(seed), _SAMPLE) for token in encode(document.text)}
    counts = {name: Counter(token for ids in part for token in ids) for name, part in encoded.items()}
    shares = {name: 2 * SHARES[name].short + SHARES[name].long for name in encoded}
    return choose(needed, counts, shares, n_known)
