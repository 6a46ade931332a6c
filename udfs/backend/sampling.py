"""From logits to probabilities and the most likely tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.forward import softmax


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
    """Indices of the k largest of a vector, largest first; the lower index first among equals."""
    k = min(k, len(values))
    kept = np.argpartition(-values, k - 1)[:k]
    at_least = np.flatnonzero(values >= values[kept].min())  # argpartition cuts ties anywhere
    return at_least[np.argsort(-values[at_least], kind="stable")][:k]
