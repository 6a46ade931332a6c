"""Where each feature of an autoencoder fires."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.interpret.sae import SparseAutoencoder

_AT_ONCE: Final = 4096


class Firings(NamedTuple):
    """All positions at which one feature is active, strongest first, and how strongly: both [n_firings]."""

    positions: NDArray[np.int64]
    activations: Array


class Quality(NamedTuple):
    """How well an autoencoder rebuilds the stream, and from how many features.

    explained: the share of the variance that it rebuilds
    active: the mean number of features active at a token
    dead: the number of features that are never active
    """

    explained: float
    active: float
    dead: int


def fire(autoencoder: SparseAutoencoder, x: Array) -> tuple[list[Firings], Quality]:
    """The firings of every feature over the stream `x` [n_tokens, n_embd], and the autoencoder's quality there."""
    error, found = 0.0, []
    for start in range(0, len(x), _AT_ONCE):
        part = x[start : start + _AT_ONCE]
        features = autoencoder.encode(part)  # [n_part, n_features]
        error += float(np.square(part - autoencoder.decode(features)).sum(dtype=np.float64))
        positions, numbers = np.nonzero(features)
        found.append((positions + start, numbers, features[positions, numbers]))
    positions, numbers, activations = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((-activations, numbers))
    ends = np.cumsum(np.bincount(numbers, minlength=autoencoder.n_features))
    firings = [Firings(positions[part], activations[part]) for part in np.split(order, ends[:-1])]
    variance = float(np.square(x - x.mean(axis=0)).sum(dtype=np.float64))
    return firings, Quality(1 - error / variance, len(order) / len(x), sum(not len(one.positions) for one in firings))
