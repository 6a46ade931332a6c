"""From logits to probabilities and the most likely tokens."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.fast.team import shared_out
from udfs.backend.gpt2.forward import softmax

_BLOCK = 64  # tokens of which at first only the largest value is looked at


def probabilities(logits: Array, temperature: float = 1.0) -> Array:
    """Softmax of logits / temperature over the last axis; at temperature 0 all of it on the largest (greedy)."""
    if temperature == 0:
        greedy = np.zeros_like(logits)
        np.put_along_axis(greedy, logits.argmax(axis=-1, keepdims=True), 1, axis=-1)
        return greedy
    below = (logits - logits.max(axis=-1, keepdims=True)).astype(np.float64)
    with np.errstate(over="ignore"):  # so cold that all but the largest get nothing
        return softmax(below / temperature).astype(logits.dtype, copy=False)


@shared_out
def probabilities_of(logits: Array, ids: NDArray[np.intp]) -> Array:
    """Probabilities of some tokens only: `[n_rows, n_vocab]` and `[n_rows, k]` -> `[n_rows, k]`."""
    largest = logits.max(axis=1, keepdims=True)
    total = np.exp(logits - largest).sum(axis=1, keepdims=True)
    return np.exp(np.take_along_axis(logits, ids, axis=1) - largest) / total


def top(values: NDArray[np.floating[Any]], k: int) -> NDArray[np.intp]:
    """Indices of the k largest of each row, largest first: `[..., n]` -> `[..., k]`.

    The lower index comes first among equals. Of a whole vocabulary only the best blocks are looked at closely.
    """
    rows = values.reshape(-1, values.shape[-1])
    found: NDArray[np.intp] = shared_out(partial(_top, k=min(k, rows.shape[1])))(rows)
    return found.reshape(*values.shape[:-1], -1)


def _top(values: NDArray[np.floating[Any]], k: int) -> NDArray[np.intp]:
    n_rows, n = values.shape
    n_blocks = n // _BLOCK if n >= _BLOCK**2 and k <= n // _BLOCK else n
    best = _best_of_blocks(values, n_blocks)  # -> [n_rows, n_blocks]
    least = np.partition(best, n_blocks - k, axis=1)[:, -k, None]  # k blocks reach it, so at least k values do
    rows, blocks = np.nonzero(best >= least)
    indices = blocks[:, None] + np.arange(0, n, n_blocks)  # -> [n_found, block]
    rows, indices = np.broadcast_to(rows[:, None], indices.shape)[indices < n], indices[indices < n]
    enough = values[rows, indices] >= least[rows, 0]
    rows, indices = rows[enough], indices[enough]
    order = np.lexsort((indices, -values[rows, indices], rows))
    first = np.searchsorted(rows, np.arange(n_rows))
    return indices[order][first[:, None] + np.arange(k)]


def _best_of_blocks(values: NDArray[np.floating[Any]], n_blocks: int) -> NDArray[np.floating[Any]]:
    """The largest value of each block, which is every n_blocks-th value: `[n_rows, n]` -> `[n_rows, n_blocks]`."""
    n_rows, n = values.shape
    whole = n - n % n_blocks
    best: NDArray[np.floating[Any]] = values[:, :whole].reshape(n_rows, -1, n_blocks).max(axis=1)
    np.maximum(best[:, : n - whole], values[:, whole:], out=best[:, : n - whole])
    return best
