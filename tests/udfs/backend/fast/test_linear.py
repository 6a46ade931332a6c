from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.udfs.backend.layers_to_try import LARGE, LAYOUTS, SMALL, UNEMBEDDING, WIDE, in_chunks, random
from udfs.backend.arrays import Array
from udfs.backend.fast import linear
from udfs.backend.fast.linear import Linear
from udfs.backend.fast.team import Team


@pytest.mark.parametrize("layout", LAYOUTS)
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


def test_rows_that_lie_apart_in_memory() -> None:
    x = random.standard_normal((10, 2 * 768), np.float32)[:, ::2]
    np.testing.assert_allclose(in_chunks(LARGE, None)(x), x @ LARGE, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n_seq", [1, 10, 21, 100])
@pytest.mark.parametrize(("groups", "columns"), [(1, slice(64, 320)), (3, slice(64, 128)), (3, slice(0, 128))])
def test_some_columns_of_each_group(
    layout: Callable[[Array, Array | None], Linear], n_seq: int, groups: int, columns: slice
) -> None:
    weight, bias = random.standard_normal((768, 384), np.float32), random.standard_normal(384, np.float32)
    x = random.standard_normal((n_seq, 768), np.float32)
    expected = (x @ weight + bias).reshape(n_seq, groups, -1)[:, :, columns].reshape(n_seq, -1)
    np.testing.assert_allclose(layout(weight, bias).columns(x, columns, groups), expected, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n_seq", [1, 10, 21, 100])
def test_what_some_rows_contribute(layout: Callable[[Array, Array | None], Linear], n_seq: int) -> None:
    rows = slice(512, 2048)
    x = random.standard_normal((n_seq, 1536), np.float32)
    result = layout(WIDE, np.ones(128, np.float32)).rows(x, rows)
    np.testing.assert_allclose(result, x @ WIDE[rows], atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("weight", [LARGE, WIDE, SMALL], ids=["large", "wide", "small"])
@pytest.mark.parametrize("n_seq", [1, 10])
@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("unit", [1, 64, 96, 100, 128])
def test_an_input_made_in_shares(
    layout: Callable[[Array, Array | None], Linear],
    weight: Array,
    n_seq: int,
    size: int,
    unit: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = random.standard_normal((n_seq, len(weight)), np.float32)
    monkeypatch.setattr(linear, "team", lambda: Team(size))
    asked: list[slice] = []

    def share(columns: slice) -> Array:
        asked.append(columns)
        return x[:, columns]

    layer = layout(weight, random.standard_normal(weight.shape[1], np.float32))
    np.testing.assert_allclose(layer.of_shares(share, n_seq, unit), layer(x), atol=1e-3, rtol=1e-4)
    assert all(columns.start % unit == columns.stop % unit == 0 for columns in asked) or len(asked) == 1
    assert sorted(number for columns in asked for number in range(len(weight))[columns]) == list(range(len(weight)))


def test_shares_are_whole_where_that_is_wished() -> None:
    asked: list[slice] = []
    x = random.standard_normal((10, 3072), np.float32)
    in_chunks(WIDE, None).of_shares(lambda columns: asked.append(columns) or x[:, columns], 10, whole=True)
    assert asked == [slice(0, 3072)]
