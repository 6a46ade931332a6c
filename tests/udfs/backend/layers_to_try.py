"""Weights of different shapes, and the layouts that a layer of them can have."""

from __future__ import annotations

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.linear import TILE, Linear, Plain
from udfs.backend.fast.tiles import Tiled, tiled

random = np.random.default_rng(0)
LARGE = random.standard_normal((768, 400), np.float32)  # shared out among threads; its last columns fill no tile
WIDE = random.standard_normal((3072, 128), np.float32)  # cut into parts
SMALL = random.standard_normal((32, 96), np.float32)
UNEMBEDDING = random.standard_normal((400, 768), np.float32).T


def in_chunks(weight: Array, bias: Array | None) -> Linear:
    return Tiled(tiled(weight), weight[:, weight.shape[1] // TILE * TILE :], bias, chunks=True)


def whole(weight: Array, bias: Array | None) -> Linear:
    return Tiled(tiled(weight), weight[:, weight.shape[1] // TILE * TILE :], bias, chunks=False)


LAYOUTS = [Plain, in_chunks, whole]
