"""What the next token is drawn from, and the draw.

It is made in the order of Hugging Face's `transformers` (`generation/logits_process.py`): the logits
are divided by the temperature; top-k keeps the k largest and whatever equals the last of them; of what is left, top-p
keeps a token while those that are more likely have less than p together. What is kept is scaled to sum to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.ranking import top

Probabilities: TypeAlias = NDArray[np.float64]

_FEW = 256  # tokens in which a draw or a nucleus mostly ends


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen: temperature 0 is greedy; top_k 0 and top_p 1 cut nothing."""

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0


GREEDY = Sampling()


@dataclass(frozen=True, eq=False)
class Stages:
    """The probabilities of all tokens after each step, `[n_vocab]`, 0 where a token was cut."""

    temperature: Probabilities
    top_k: Probabilities
    top_p: Probabilities


def next_logits(residual: Array, model: Model) -> Array:
    """Logits of the token after each row of the final stream: `[n_rows, n_embd]` -> `[n_rows, n_vocab]`.

    Raises ModelError where an edit of the model has made them NaN or infinite: nothing can be drawn from those.
    """
    logits = forward.unembed(residual, model)
    if not np.isfinite(logits).all():
        raise ModelError(f"model {model.name} gives numbers that are not finite: an edit of it is too large")
    return logits


def stages(logits: Array, sampling: Sampling) -> Stages:
    """The probabilities of one token's logits `[n_vocab]` after temperature, then top-k, then top-p."""
    warm = _softmax(logits, sampling.temperature)
    few = _largest(warm, logits, sampling.top_k)
    return Stages(warm, few, _nucleus(few, sampling.top_p))


def distribution(logits: Array, sampling: Sampling) -> Probabilities:
    """What the next token is drawn from, `[n_vocab]`."""
    return stages(logits, sampling).top_p


def draw(probabilities: Probabilities, number: float) -> int:
    """The token that a number from 0 to below 1 falls on, where they lie in a row as `ends` says."""
    ids, sums = _in_a_row(probabilities, number)
    last = int(np.flatnonzero(probabilities[ids])[-1])  # rounding may leave the sum of all just below the number
    return int(ids[min(int(np.searchsorted(sums, number, side="right")), last)])


def ends(probabilities: Probabilities) -> Probabilities:
    """Where each token ends in the row that a number is drawn from: `[n_vocab]`.

    The most likely tokens lie first, in that order; all but a few hundred lie behind them by their ids. Of those, many
    are so alike that rounding decides which is more likely, and the same number would draw another one elsewhere.
    """
    ids, sums = _in_a_row(probabilities, np.inf)
    return sums[np.argsort(ids)]


def _softmax(logits: Array, temperature: float) -> Probabilities:
    if temperature == 0:
        greedy = np.zeros(logits.shape)
        np.put_along_axis(greedy, logits.argmax(axis=-1, keepdims=True), 1, axis=-1)
        return greedy
    below = (logits - logits.max(axis=-1, keepdims=True)).astype(np.float64)
    with np.errstate(over="ignore"):  # so cold that all but the largest get nothing
        return forward.softmax(below / temperature).astype(np.float64, copy=False)


def _largest(probabilities: Probabilities, logits: Array, k: int) -> Probabilities:
    """Top-k, by the logits, which differ even where probabilities are too small to."""
    if not 0 < k < len(logits):
        return probabilities
    least = np.partition(logits, len(logits) - k)[len(logits) - k]
    return _rescaled(np.where(logits >= least, probabilities, 0))


def _nucleus(probabilities: Probabilities, p: float) -> Probabilities:
    """Top-p."""
    if p >= 1:
        return probabilities
    ids, sums = _until(probabilities, p)
    kept = ids[: 1 + int(np.searchsorted(sums[:-1], p))]
    nucleus = np.zeros_like(probabilities)
    nucleus[kept] = probabilities[kept]
    return _rescaled(nucleus)


def _in_a_row(probabilities: Probabilities, total: float) -> tuple[NDArray[np.intp], Probabilities]:
    """Tokens in the order of `ends`, at least as many as have more than the total, and their running sums."""
    ids, sums = _likeliest(probabilities)
    if sums[-1] <= total and len(ids) < len(probabilities):
        ids = np.concatenate([ids, np.delete(np.arange(len(probabilities)), ids)])
        sums = np.cumsum(probabilities[ids])
    return ids, sums


def _until(probabilities: Probabilities, total: float) -> tuple[NDArray[np.intp], Probabilities]:
    """The most likely tokens, in order, at least as many as have more than the total, and their running sums."""
    ids, sums = _likeliest(probabilities)
    if sums[-1] <= total and len(ids) < len(probabilities):
        ids = np.argsort(-probabilities, kind="stable")
        sums = np.cumsum(probabilities[ids])
    return ids, sums


def _likeliest(probabilities: Probabilities) -> tuple[NDArray[np.intp], Probabilities]:
    """So many of the most likely tokens as mostly are enough, and their running sums."""
    ids = top(probabilities, _FEW)
    return ids, np.cumsum(probabilities[ids])


def _rescaled(probabilities: Probabilities) -> Probabilities:
    return probabilities / probabilities.sum()
