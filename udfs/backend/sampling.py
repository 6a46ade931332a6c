"""From logits to probabilities and the most likely tokens."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.forward import softmax
from udfs.backend.team import shared_out

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


@shared_out
def probabilities_of(logits: Array, ids: NDArray[np.intp]) -> Array:
    """Probabilities of some tokens only: `[n_rows, n_vocab]` and `[n_rows, k]` -> `[n_rows, k]`."""
    largest = logits.max(axis=1, keepdims=True)
    total = np.exp(logits - largest).sum(axis=1, keepdims=True)
    return np.exp(np.take_along_axis(logits, ids, axis=1) - largest) / total


def top(values: Array, k: int) -> NDArray[np.intp]:
    """Indices of the k largest of each row, largest first: `[..., n]` -> `[..., k]`.

    The lower index comes first among equals. Of a whole vocabulary only the best blocks of tokens are sorted.
    """
    rows = values.reshape(-1, values.shape[-1])
    found: NDArray[np.intp] = shared_out(partial(_top, k=min(k, rows.shape[1])))(rows)
    return found.reshape(*values.shape[:-1], -1)


def _top(values: Array, k: int) -> NDArray[np.intp]:
    n_rows, n = values.shape
    width = _BLOCK if k * _BLOCK < n else 1
    best = np.maximum.reduceat(values, np.arange(0, n, width), axis=1)  # [n_rows, n] -> [n_rows, n_blocks]
    least = np.partition(best, best.shape[1] - k, axis=1)[:, -k, None]  # k blocks reach it, so at least k values do
    rows, blocks = np.nonzero(best >= least)
    rows = np.repeat(rows, width)
    indices = (blocks[:, None] * width + np.arange(width)).ravel()
    inside = indices < n  # the last block may be short
    rows, indices = rows[inside], indices[inside]
    enough = values[rows, indices] >= least[rows, 0]
    rows, indices = rows[enough], indices[enough]
    order = np.lexsort((indices, -values[rows, indices], rows))
    first = np.searchsorted(rows, np.arange(n_rows))
    return indices[order][first[:, None] + np.arange(k)]
