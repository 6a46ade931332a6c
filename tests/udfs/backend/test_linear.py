from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.backend.arrays import Array
from udfs.backend.linear import TILE, Linear, Plain, Tiled, tiled, tiles_shape

random = np.random.default_rng(0)
LARGE = random.standard_normal((768, 400), np.float32)  # shared out among threads; its last columns fill no tile
WIDE = random.standard_normal((3072, 128), np.float32)  # cut into parts
SMALL = random.standard_normal((32, 96), np.float32)
UNEMBEDDING = random.standard_normal((400, 768), np.float32).T


def in_chunks(weight: Array, bias: Array | None) -> Linear:
    return Tiled(tiled(weight), weight[:, weight.shape[1] // TILE * TILE :], bias, chunks=True)


def whole(weight: Array, bias: Array | None) -> Linear:
    return Tiled(tiled(weight), weight[:, weight.shape[1] // TILE * TILE :], bias, chunks=False)


@pytest.mark.parametrize("layout", [Plain, in_chunks, whole])
@pytest.mark.parametrize("weight", [LARGE, WIDE, SMALL, UNEMBEDDING], ids=["large", "wide", "small", "unembedding"])
@pytest.mark.parametrize("n_seq", [1, 2, 5, 7, 10, 20, 21, 47, 48, 100])
@pytest.mark.parametrize("biased", [True, False])
def test_every_layout_is_a_plain_product(
    layout: Callable[[Array, Array | None], Linear], weight: Array, n_seq: int, biased: bool
) -> None:
    bias = random.standard_normal(weight.shape[1], np.float32) if biased else None
    x = random.standard_normal((n_seq, weight.shape[0]), np.float32)
    expected = x @ weight + (0 if bias is None else bias)
    result = layout(weight, bias)(x)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=1e-3, rtol=1e-4)


@given(st.integers(1, 60), st.integers(500, 900), st.integers(30, 700), st.integers(0, 2**32 - 1))
def test_tiles_fit_every_shape(n_seq: int, n_in: int, n_out: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    weight, x = (
        generator.standard_normal((n_in, n_out), np.float32),
        generator.standard_normal((n_seq, n_in), np.float32),
    )
    np.testing.assert_allclose(in_chunks(weight, None)(x), x @ weight, atol=1e-3, rtol=1e-4)


def test_tiles_hold_the_columns_in_their_order() -> None:
    tiles = tiled(WIDE)
    assert tiles.shape == tiles_shape(*WIDE.shape) == (2, 4, 768, TILE)
    np.testing.assert_array_equal(tiles[1].reshape(3072, TILE), WIDE[:, TILE:])


def test_rows_that_lie_apart_in_memory() -> None:
    x = random.standard_normal((10, 2 * 768), np.float32)[:, ::2]
    np.testing.assert_allclose(in_chunks(LARGE, None)(x), x @ LARGE, atol=1e-3, rtol=1e-4)
