"""Names for features: the topic whose words a feature fires on, fires after, or makes more likely.

A name is kept only if it fits most of the feature's strong firings, so that nobody has to correct names by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.models.demo_sae.recipe.firings import Firings
from udfs.models.demo_sae.recipe.reading import Reading, is_in

_ONE_WORD: Final = 0.9
_TOPIC: Final = 0.8
_MENTION: Final = 0.9
_TIMES_BASE: Final = 4.0
_PROMOTED: Final = 0.8
_MENTIONED: Final = "after a mention of: "
_STRONGEST: Final = 0.25
_LEAST_FIRINGS: Final = 40


class Kind(Enum):
    """How a label describes a feature: the feature fires on words of a topic, or raises their logits."""

    TOPIC = "on words of the topic"
    WORD = "on one word"
    MENTION = "shortly after a word of the topic"
    NEXT = "makes words of the topic more likely"


class Label(NamedTuple):
    """A feature's name.

    precision: the share of the strongest quarter of its firings that the label fits; for `NEXT` the share of the
        promoted tokens that are in the topic
    overall: the share of its whole activation that the label fits; for `NEXT` the precision
    score: the precision times the square root of the share of the label's places where it fires; for `NEXT` the
        precision
    """

    kind: Kind
    text: str
    precision: float
    overall: float
    score: float


class Places(NamedTuple):
    """How well some labels fit a feature, as in `Label`. Recall is the share of a label's places where it fires.

    All are [n_labels].
    """

    precision: NDArray[np.float64]
    overall: NDArray[np.float64]
    recall: NDArray[np.float64]


class Labeller:
    """Names features by their firings in a reading.

    topics: the words of everyday topics
    others: the words of other groups; they are in every text, so no feature is named by their mention
    """

    def __init__(
        self, reading: Reading, topics: Mapping[str, Collection[str]], others: Mapping[str, Collection[str]]
    ) -> None:
        self._reading = reading
        self._groups = {**topics, **others}
        self._names = list(self._groups)
        self._members = reading.members(list(self._groups.values()))  # [n_groups, n_words]
        mentioned = [reading.mentioned(words) for words in self._members[: len(topics)]]
        self._mentioned = np.array(mentioned)  # [n_topics, n_tokens]
        self._base = self._mentioned.mean(axis=1)  # [n_topics]

    def label(self, firings: Firings, promoted: Sequence[str]) -> Label | None:
        """The best label, or None if none is precise enough or the feature fires too rarely to tell."""
        if len(firings.positions) < _LEAST_FIRINGS:
            return None
        return self._one_word(firings) or self._topic(firings) or self._mention(firings) or self._next(promoted)

    def mention(self, firings: Firings, topic: str) -> Label:
        """The label for a feature that is active after that topic, however precise it is."""
        there = self._mentioned[[self._names.index(topic)]]  # [1, n_tokens]
        (precision,), (overall,), (recall,) = _places(there[:, firings.positions], firings, there.sum(axis=1))
        return Label(
            Kind.MENTION, f"{_MENTIONED}{topic}", float(precision), float(overall), float(precision * recall**0.5)
        )

    def _one_word(self, firings: Firings) -> Label | None:
        words = self._reading.word_at[firings.positions]
        top = int(np.bincount(words, firings.activations).argmax())
        found = _places((words == top)[None], firings, self._reading.counts[[top]])
        name = f"the word `{self._reading.words[top]}`" if self._reading.words[top] else "a line break"
        return _best(Kind.WORD, [name], found, found.precision >= _ONE_WORD)

    def _topic(self, firings: Firings) -> Label | None:
        there = self._members[:, self._reading.word_at[firings.positions]]  # [n_groups, n_firings]
        found = _places(there, firings, self._members @ self._reading.counts)
        return _best(Kind.TOPIC, self._names, found, found.precision >= _TOPIC)

    def _mention(self, firings: Firings) -> Label | None:
        found = _places(self._mentioned[:, firings.positions], firings, self._mentioned.sum(axis=1))
        fits = (found.precision >= _MENTION) & (found.precision >= _TIMES_BASE * self._base)
        return _best(Kind.MENTION, [f"{_MENTIONED}{name}" for name in self._names], found, fits)

    def _next(self, promoted: Sequence[str]) -> Label | None:
        tokens = [token.strip().lower() for token in promoted]
        shares = np.array([np.mean([is_in(token, group) for token in tokens]) for group in self._groups.values()])
        found = Places(shares, shares, np.ones(len(shares)))
        return _best(Kind.NEXT, [f"next: {name}" for name in self._names], found, shares >= _PROMOTED)


def _places(there: NDArray[np.bool_], firings: Firings, counts: NDArray[np.int64]) -> Places:
    """Measures some labels.

    there: whether each label fits each firing: [n_labels, n_firings]
    counts: how many places of each label the reading has: [n_labels]
    """
    strongest = there[:, : max(1, round(_STRONGEST * there.shape[1]))]
    mass = firings.activations / firings.activations.sum()
    return Places(strongest.mean(axis=1), there @ mass, there.sum(axis=1) / np.maximum(counts, 1))


def _best(kind: Kind, names: Sequence[str], found: Places, fits: NDArray[np.bool_]) -> Label | None:
    """The label with the highest score among those that fit."""
    scores = np.where(fits, found.precision * np.sqrt(found.recall), -1.0)
    best = int(scores.argmax())
    if scores[best] < 0:
        return None
    return Label(kind, names[best], float(found.precision[best]), float(found.overall[best]), float(scores[best]))
