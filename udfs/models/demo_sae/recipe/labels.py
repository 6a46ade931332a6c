"""Names for features: the topic whose words a feature fires on, fires after, or makes more likely.

A name is kept only if it holds for most of the feature's activation, so nobody needs to correct it by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.models.demo_sae.recipe.firings import Firings
from udfs.models.demo_sae.recipe.reading import Reading, is_in

_ONE_WORD: Final = 0.85
_TOPIC: Final = 0.75
_MENTION: Final = 0.8
_TIMES_BASE: Final = 4.0
_PROMOTED: Final = 0.8
_LEAST_FIRINGS: Final = 40


class Kind(Enum):
    """What a label says about a feature."""

    TOPIC = "on words of the topic"
    WORD = "on one word"
    MENTION = "shortly after a word of the topic"
    NEXT = "makes words of the topic more likely"


class Label(NamedTuple):
    """A feature's name.

    precision: for `NEXT` the share of the promoted tokens that are in the topic, else the share of the feature's
        activation that is where the label says
    score: precision times the square root of the share of such places at which the feature fires; for `NEXT` the
        precision
    """

    kind: Kind
    text: str
    precision: float
    score: float


class Labeller:
    """Names features by their firings in a reading."""

    def __init__(self, reading: Reading, topics: Mapping[str, Collection[str]]) -> None:
        self._reading, self._topics = reading, topics
        self._names = list(topics)
        members = reading.members(list(topics.values()))  # [n_topics, n_words]
        self._members = members.astype(np.float32)
        self._mentioned = np.array([reading.mentioned(words) for words in members])  # [n_topics, n_tokens]
        self._base = self._mentioned.mean(axis=1)  # [n_topics]

    def label(self, firings: Firings, promoted: Sequence[str]) -> Label | None:
        """The best label, or None if none is precise enough or the feature fires too rarely to tell."""
        if len(firings.positions) < _LEAST_FIRINGS:
            return None
        words = self._reading.word_at[firings.positions]
        mass = firings.activations / firings.activations.sum()
        weights = np.bincount(words, mass, len(self._reading.words)).astype(np.float64)  # [n_words]
        top = int(weights.argmax())
        if weights[top] >= _ONE_WORD:
            recall = np.count_nonzero(words == top) / self._reading.counts[top]
            return Label(Kind.WORD, f"the word `{self._reading.words[top]}`", float(weights[top]), recall**0.5)
        return self._on(firings, words, weights) or self._after(firings) or self._next(promoted)

    def _on(self, firings: Firings, words: NDArray[np.int64], weights: NDArray[np.float64]) -> Label | None:
        precision = self._members @ weights  # [n_topics]
        hits = self._members[:, words].sum(axis=1)
        recall = hits / np.maximum(self._members @ self._reading.counts, 1)
        return self._best(Kind.TOPIC, "{}", precision, recall, precision >= _TOPIC)

    def _after(self, firings: Firings) -> Label | None:
        there = self._mentioned[:, firings.positions]  # [n_topics, n_firings]
        precision = there @ (firings.activations / firings.activations.sum())
        recall = there.sum(axis=1) / np.maximum(self._mentioned.sum(axis=1), 1)
        fits = (precision >= _MENTION) & (precision >= _TIMES_BASE * self._base)
        return self._best(Kind.MENTION, "after a mention of: {}", precision, recall, fits)

    def _next(self, promoted: Sequence[str]) -> Label | None:
        shares = [
            np.mean([is_in(token.strip().lower(), words) for token in promoted]) for words in self._topics.values()
        ]
        precision = np.array(shares)
        return self._best(Kind.NEXT, "next: {}", precision, np.ones(len(shares)), precision >= _PROMOTED)

    def _best(
        self,
        kind: Kind,
        text: str,
        precision: NDArray[np.float64],
        recall: NDArray[np.float64],
        fits: NDArray[np.bool_],
    ) -> Label | None:
        scores = np.where(fits, precision * np.sqrt(recall), -1.0)
        best = int(scores.argmax())
        if scores[best] < 0:
            return None
        return Label(kind, text.format(self._names[best]), float(precision[best]), float(scores[best]))
