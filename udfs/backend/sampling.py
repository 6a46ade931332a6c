"""From logits to probabilities and the most likely tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.forward import softmax

_BLOCK = 64  # tokens of which at first only the largest value is looked at


def probabilities(logits: Array, temperature: float = 1.0) -> Array:
    """Softmax of logits / temperature over the last axis; at temperature 0 all of it on the largest (greedy)."""
    if temperature == 0:
        greedy = np.zeros_like(logits)
        np.put_along_axis(greedy, logits.argmax(axis=-1, keepdims=True), 1, axis=-1)
        return greedy
    below = (logits - logits.max(axis=-1, keepdims=True)).astype(np.float64)
    with np.errstate(over="ignore"):  # so cold that all but the largest get nothing
        return softmax(below / temperature).astype(np.float32)


def top(values: Array, k: int) -> NDArray[np.intp]:
    """Indices of the k largest of a vector, largest first; the lower index first among equals.

    Of a whole vocabulary all but the best blocks of tokens are passed over, which is several times as fast.
    """
    n_blocks = len(values) // _BLOCK
    if k >= n_blocks:
        return _first(values, k)
    best_of_block = values[: n_blocks * _BLOCK].reshape(n_blocks, _BLOCK).max(axis=1)
    least = np.partition(best_of_block, n_blocks - k)[n_blocks - k]
    candidates = np.flatnonzero(values >= least)  # k blocks reach it, so at least k tokens do
    return candidates[_first(values[candidates], k)]


def _first(values: Array, k: int) -> NDArray[np.intp]:
    """As `top`, by looking at every value."""
    k = min(k, len(values))
    kept = np.argpartition(-values, k - 1)[:k]
    at_least = np.flatnonzero(values >= values[kept].min())  # argpartition cuts ties anywhere
    return at_least[np.argsort(-values[at_least], kind="stable")][:k]
