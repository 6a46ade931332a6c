"""Equal columns of a weight are multiplied once, and the outputs are those of the whole weight."""

from __future__ import annotations

import numpy as np
import pytest

from udfs.backend.arrays import FLOAT32, FLOAT64, DType
from udfs.backend.catalogue import load
from udfs.backend.fast.linear import Linear
from udfs.backend.fast.repeated import RepeatedLinear, different_columns

random = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64])
@pytest.mark.parametrize("shape", [(1, 8), (5, 8), (2, 3, 8)])
def test_outputs_are_those_of_the_whole_weight(dtype: DType, shape: tuple[int, ...]) -> None:
    places = np.array([0, 1, 1, 2, 1, 0, 1, 3])
    weight = random.standard_normal((4, 8)).astype(dtype)[places].T
    found = different_columns(weight)
    assert found is not None
    different, where = found
    np.testing.assert_array_equal(where, places)
    np.testing.assert_array_equal(different[:, where], weight)
    x = random.standard_normal(shape).astype(dtype)
    layer = RepeatedLinear(weight, Linear(different), where)
    result = layer(x)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, x @ weight, atol=1e-5)
    rows = x.reshape(-1, 8)
    np.testing.assert_allclose(layer.columns(rows, slice(2, 5)), rows @ weight[:, 2:5], atol=1e-5)
    np.testing.assert_allclose(layer.rows(rows[:, 2:5], slice(2, 5)), rows[:, 2:5] @ weight[2:5], atol=1e-5)


@pytest.mark.parametrize("same", [[], [0], [0, -1]], ids=["nothing", "first channel", "first and last channel"])
def test_a_weight_of_different_columns_is_left_alone(same: list[int]) -> None:
    weight = random.standard_normal((8, 20), np.float32)
    weight[same] = 1
    assert different_columns(weight) is None


def test_tokens_with_one_embedding_have_one_logit() -> None:
    model = load("demo")
    layer, weight = model.linear("lm_head"), model["wte.weight"].T
    assert isinstance(layer, RepeatedLinear)
    x = random.standard_normal((3, len(weight)), np.float32)
    logits = layer(x)
    np.testing.assert_allclose(logits, x @ weight, atol=1e-4)
    unknown = np.flatnonzero((weight == weight[:, -1:]).all(axis=0))
    assert (logits[:, unknown] == logits[:, unknown[:1]]).all()
    assert not isinstance(load("tiny").linear("lm_head"), RepeatedLinear)
