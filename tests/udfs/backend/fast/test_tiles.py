from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.backend.layers_to_try import WIDE, in_chunks
from udfs.backend.fast.linear import TILE
from udfs.backend.fast.tiles import parts_of, tiled


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
    assert tiles.shape == (2, 3072, TILE)
    np.testing.assert_array_equal(tiles[1], WIDE[:, TILE:])


@pytest.mark.parametrize(("n_in", "n_parts"), [(1, 1), (768, 1), (769, 769), (1600, 4), (3072, 4), (6400, 10)])
def test_parts_are_equal_and_short(n_in: int, n_parts: int) -> None:
    assert parts_of(n_in) == n_parts
