"""Sampling: the distribution that the next token is drawn from, and the draw.

The distribution is made as in Hugging Face's `transformers` (`generation/logits_process.py`). The logits are divided by
the temperature. Top-k keeps the k largest, and any that equal the last of them. Of these, top-p keeps a token as long
as the more likely ones have less than p together. What is kept is scaled to sum to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.next_token import Probabilities, probabilities, top

RandomNumbers: TypeAlias = Callable[[], float]

DEFAULT_SEED = 0
MAX_SEED = 999_999
_FEW = (16, 256)  # tokens, among which a draw or a nucleus mostly ends: first these, then those


class Sampling(NamedTuple):
    """How the next token is chosen: temperature 0 is greedy; top_k 0 and top_p 1 cut nothing."""

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0


GREEDY = Sampling()


class Stages(NamedTuple):
    """The probabilities of all tokens after each step, `[n_vocab]`, 0 for a token that was cut."""

    temperature: Probabilities
    top_k: Probabilities
    top_p: Probabilities


def random_numbers(seed: int = DEFAULT_SEED) -> RandomNumbers:
    """A function that gives the next random number from 0 to below 1 at each call.

    Python promises that a seed gives the same numbers in every version and on every machine.
    """
    from random import Random  # imported when needed, so that `import udfs` is quick

    return Random(seed).random


def stages(logits: Array, sampling: Sampling) -> Stages:
    """The probabilities that logits `[n_vocab]` give after the temperature, then after top-k, then after top-p."""
    warm = probabilities(logits, sampling.temperature)
    few = _largest(warm, logits, sampling.top_k)
    return Stages(warm, few, _nucleus(few, sampling.top_p))


def distribution(logits: Array, sampling: Sampling) -> Probabilities:
    """The distribution that the next token is drawn from, `[n_vocab]`."""
    return stages(logits, sampling).top_p


def choose(logits: Array, sampling: Sampling, number: float) -> int:
    """The token that follows logits `[n_vocab]`: the likeliest at temperature 0, else the one that the number draws."""
    if sampling.temperature == 0:
        return int(logits.argmax())
    return draw(distribution(logits, sampling), number)


def draw(distribution: Probabilities, number: float) -> int:
    """The token that a number from 0 to below 1 falls on.

    Tokens are laid end to end, the most likely first and the lower id first among equals, each as long as its
    probability.
    """
    values, sums = _largest_first(distribution, number)
    place = min(int(np.searchsorted(sums, number, side="right")), len(sums) - 1)  # the sum of all may be just below 1
    n_likelier = int(np.searchsorted(-values, -values[place]))
    equal = np.flatnonzero(distribution == values[place])
    return int(equal[place - n_likelier])


def ends(distribution: Probabilities) -> Probabilities:
    """The number at which each token ends when they are laid end to end as in `draw`: `[n_vocab]`."""
    left = np.flatnonzero(distribution)
    ids = left[np.argsort(-distribution[left], kind="stable")]
    sums = np.cumsum(distribution[ids])
    found = np.full(distribution.shape, sums[-1])  # a token with probability 0 comes after all others
    found[ids] = sums
    return found


def _largest(warm: Probabilities, logits: Array, k: int) -> Probabilities:
    """Top-k, by the logits, because these differ even if the probabilities are too small to."""
    if not 0 < k < len(logits):
        return warm
    least = logits[top(logits, k)[-1]]
    return _rescaled(np.where(logits >= least, warm, 0))


def _nucleus(few: Probabilities, p: float) -> Probabilities:
    """Top-p."""
    if p >= 1:
        return few
    values, sums = _largest_first(few, p)
    n_kept = 1 + int(np.searchsorted(sums[:-1], p))
    least = values[n_kept - 1]
    nucleus = np.where(few > least, few, 0)
    equal = np.flatnonzero(few == least)
    nucleus[equal[: n_kept - np.count_nonzero(nucleus)]] = least
    return _rescaled(nucleus)


def _largest_first(distribution: Probabilities, total: float) -> tuple[Probabilities, Probabilities]:
    """The largest probabilities in order, until they have more than the total together, and their running sums.

    Only probabilities are sorted, not tokens, which takes a third of the time. Zeros are left out.
    """
    n_left = np.count_nonzero(distribution)
    for few in _FEW:
        if few < n_left:
            values = distribution[top(distribution, few)]
            sums = np.cumsum(values)
            if sums[-1] > total:
                return values, sums
    values = np.sort(distribution)[: -n_left - 1 : -1]
    return values, np.cumsum(values)


def _rescaled(kept: Probabilities) -> Probabilities:
    return kept / kept.sum()
