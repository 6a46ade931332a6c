"""Activations of checkpoints that do not use GPT-2's GELU."""

from __future__ import annotations

import math

import numpy as np

from udfs.backend.arrays import Array


def exact_gelu(x: Array) -> Array:
    """The exact GELU: x times the cumulative normal distribution at x. NumPy has no erf, so this is slow."""
    erf = np.vectorize(math.erf, [np.float64])(x.astype(np.float64) / math.sqrt(2))
    return (0.5 * x * (1 + erf)).astype(x.dtype)


def relu(x: Array) -> Array:
    """The positive part of each number."""
    return np.maximum(x, 0)
