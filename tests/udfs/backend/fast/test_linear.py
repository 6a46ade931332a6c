"""Both kinds of linear layer are a plain product."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.backend.arrays import Array
from udfs.backend.fast import linear
from udfs.backend.fast.linear import Linear
from udfs.backend.fast.threads import in_shares
from udfs.backend.fast.tiles import TILE, TiledLinear, tiled

random = np.random.default_rng(0)
WEIGHTS = {
    "large": random.standard_normal((768, 2304), np.float32),
    "the last columns fill no tile": random.standard_normal((768, 1000), np.float32),
    "long input": random.standard_normal((3072, 128), np.float32),
    "small": random.standard_normal((84, 50), np.float32),
    "transposed": random.standard_normal((5000, 768), np.float32).T,
}

MANY = random.standard_normal((1000, 1000), np.float32)

Kind: TypeAlias = Callable[..., Linear]


def plain_linear(weight: str, bias: Array | None = None) -> Linear:
    return Linear(WEIGHTS[weight], bias)


def tiled_linear(weight: str, bias: Array | None = None) -> TiledLinear:
    return TiledLinear(WEIGHTS[weight], tiles_of(weight), bias)


@cache
def tiles_of(weight: str) -> Array:
    return tiled(WEIGHTS[weight])


def tiled_for_single_rows(weight: str, bias: Array | None = None) -> TiledLinear:
    return TiledLinear(WEIGHTS[weight], tiles_of(weight), bias, for_single_rows=True)


KINDS = pytest.mark.parametrize("kind", [plain_linear, tiled_linear, tiled_for_single_rows])


@KINDS
@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("n_seq", [1, 2, 5, 7, 10, 20, 21, 47, 100])
@pytest.mark.parametrize("biased", [True, False])
def test_it_is_a_plain_product(kind: Kind, weight: str, n_seq: int, biased: bool) -> None:
    n_in, n_out = WEIGHTS[weight].shape
    bias = random.standard_normal(n_out, np.float32) if biased else None
    x = random.standard_normal((n_seq, n_in), np.float32)
    result = kind(weight, bias)(x)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, x @ WEIGHTS[weight] + (0 if bias is None else bias), atol=1e-3, rtol=1e-4)


@KINDS
@pytest.mark.parametrize("shape", [(3, 4), (2, 1, 5), (1, 1)])
def test_leading_axes_are_kept(kind: Kind, shape: tuple[int, ...]) -> None:
    layer, x = kind("large"), random.standard_normal((*shape, 768), np.float32)
    result = layer(x)
    assert result.shape == (*shape, 2304)
    np.testing.assert_allclose(result.reshape(-1, 2304), layer(x.reshape(-1, 768)), atol=1e-4)


@KINDS
def test_non_contiguous_rows(kind: Kind) -> None:
    x = random.standard_normal((10, 2 * 768), np.float32)[:, ::2]
    np.testing.assert_allclose(kind("large")(x), x @ WEIGHTS["large"], atol=1e-3, rtol=1e-4)


@KINDS
@pytest.mark.parametrize("n_seq", [1, 2, 30])
@pytest.mark.parametrize("columns", [slice(0, 128), slice(64, 64), slice(640, 1000), slice(960, 1000)])
def test_some_outputs_are_those_of_the_whole(kind: Kind, n_seq: int, columns: slice) -> None:
    bias, x = random.standard_normal(1000, np.float32), random.standard_normal((n_seq, 768), np.float32)
    layer = kind("the last columns fill no tile", bias)
    np.testing.assert_allclose(layer.columns(x, columns), layer(x)[:, columns], atol=1e-3, rtol=1e-4)


@KINDS
@pytest.mark.parametrize("n_seq", [1, 2, 30])
@pytest.mark.parametrize("weight", ["long input", "the last columns fill no tile"])
def test_parts_of_the_input_add_up(kind: Kind, n_seq: int, weight: str) -> None:
    n_in, n_out = WEIGHTS[weight].shape
    bias, x = random.standard_normal(n_out, np.float32), random.standard_normal((n_seq, n_in), np.float32)
    layer, parts = kind(weight, bias), (slice(0, 64), slice(64, 700), slice(700, n_in))
    total = layer.total([layer.rows(x[:, part], part) for part in parts])
    np.testing.assert_allclose(total, layer(x), atol=1e-3, rtol=1e-4)


def test_a_single_row_meets_the_tiles_only_if_wanted() -> None:
    weight, x = WEIGHTS["large"], random.standard_normal((2, 768), np.float32)
    tiles = np.full_like(tiles_of("large"), np.nan)
    layer = TiledLinear(weight, tiles)
    np.testing.assert_array_equal(layer(x[:1]), Linear(weight)(x[:1]))
    assert np.isnan(layer(x)).all()
    assert np.isnan(TiledLinear(weight, tiles, for_single_rows=True)(x[:1])).all()


@pytest.mark.parametrize(("weight", "shared"), [("large", 768), ("long input", 3072), ("transposed", 5000)])
def test_shares_for_a_single_row_are_contiguous(weight: str, shared: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    monkeypatch.setattr(linear, "_WORTH_SHARING", 0)
    monkeypatch.setattr(linear, "in_shares", lambda count, *rest: counts.append(count) or in_shares(count, *rest))
    Linear(WEIGHTS[weight])(np.ones((1, len(WEIGHTS[weight])), np.float32))
    assert counts == [shared]


def test_float64_stays_float64() -> None:
    weight, x = random.standard_normal((768, 3072)), random.standard_normal((10, 768))
    np.testing.assert_allclose(Linear(weight)(x), x @ weight, rtol=1e-10, atol=1e-10)


@given(st.integers(1, 60), st.integers(500, 900), st.integers(30, 700))
def test_tiles_fit_every_shape(n_seq: int, n_in: int, n_out: int) -> None:
    weight, x = (np.ascontiguousarray(numbers) for numbers in (MANY[:n_in, :n_out], MANY[-n_seq:, -n_in:]))
    np.testing.assert_allclose(TiledLinear(weight, tiled(weight))(x), x @ weight, atol=1e-3, rtol=1e-4)


def test_tiles_hold_the_columns_in_order() -> None:
    weight, tiles = WEIGHTS["long input"], tiles_of("long input")
    assert tiles.shape == (2, 3072, TILE)
    np.testing.assert_array_equal(tiles[1], weight[:, TILE:])
