from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.backend.linear import TILE, Layout, Linear, is_small

random = np.random.default_rng(0)
LARGE = random.standard_normal((768, 400), np.float32)  # shared out among threads; its last columns fill no tile
WIDE = random.standard_normal((3072, 128), np.float32)
SMALL = random.standard_normal((32, 96), np.float32)


@pytest.mark.parametrize("layout", ["plain", "tiles"])
@pytest.mark.parametrize("weight", [LARGE, WIDE, SMALL], ids=["large", "wide", "small"])
@pytest.mark.parametrize("n_seq", [1, 2, 5, 7, 10, 20, 21, 47, 48, 100])
@pytest.mark.parametrize("biased", [True, False])
def test_every_layout_is_a_plain_product(layout: Layout, weight: np.ndarray, n_seq: int, biased: bool) -> None:
    bias = random.standard_normal(weight.shape[1], np.float32) if biased else None
    x = random.standard_normal((n_seq, weight.shape[0]), np.float32)
    expected = x @ weight + (0 if bias is None else bias)
    result = Linear(weight, bias, layout)(x)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=1e-3, rtol=1e-4)


@given(st.integers(1, 60), st.integers(500, 800), st.integers(600, 700), st.integers(0, 2**32 - 1))
def test_tiles_fit_every_shape(n_seq: int, n_in: int, n_out: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    weight, x = (
        generator.standard_normal((n_in, n_out), np.float32),
        generator.standard_normal((n_seq, n_in), np.float32),
    )
    assert not is_small(weight)
    np.testing.assert_allclose(Linear(weight, None, "tiles")(x), x @ weight, atol=1e-3, rtol=1e-4)


def test_the_unembedding_is_tiled_without_a_copy() -> None:
    wte = random.standard_normal((1000, 768), np.float32)
    layer = Linear(wte.T, None, "tiles")
    assert not layer.has_own_copy
    assert Linear(LARGE, None, "tiles").has_own_copy
    assert not Linear(SMALL, None, "tiles").has_own_copy
    x = random.standard_normal((3, 768), np.float32)
    np.testing.assert_allclose(layer(x), x @ wte.T, atol=1e-3, rtol=1e-4)
    assert 1000 % TILE


def test_rows_that_lie_apart_in_memory() -> None:
    x = random.standard_normal((10, 2 * 768), np.float32)[:, ::2]
    np.testing.assert_allclose(Linear(LARGE, None, "tiles")(x), x @ LARGE, atol=1e-3, rtol=1e-4)
