"""Products with and without BLAS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from udfs.backend import system
from udfs.backend.arrays import Array
from udfs.backend.fast import blas, linear, threads
from udfs.backend.fast.blas import product
from udfs.backend.fast.linear import Linear

random = np.random.default_rng(0)
WEIGHT = random.standard_normal((768, 2304), np.float32)


@pytest.fixture
def _without_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (blas, linear):
        monkeypatch.setattr(module, "has_blas", lambda: False)
    monkeypatch.setattr(np, "matmul", lambda *arguments, **options: pytest.fail("matmul without BLAS"))


@pytest.mark.parametrize("shape", [(1, 768), (10, 768), (2, 3, 768)])
@pytest.mark.parametrize("weight", [WEIGHT, WEIGHT[:, :7], np.ascontiguousarray(WEIGHT.T).T])
@pytest.mark.usefixtures("_without_blas")
def test_a_product_without_blas_is_the_same(shape: tuple[int, ...], weight: Array) -> None:
    x = random.standard_normal(shape, np.float32)
    made = product(x, weight)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, x @ weight, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(Linear(weight)(x), made, rtol=1e-6)


@pytest.mark.usefixtures("_without_blas")
def test_a_layer_without_blas_starts_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_pool", lambda: pytest.fail("a thread was started"))
    Linear(WEIGHT)(random.standard_normal((100, 768), np.float32))


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"Build Dependencies": {"blas": {"name": "scipy-openblas", "found": True}}}, True),
        ({"Build Dependencies": {"blas": {"name": "auto", "found": False}}}, False),
        ({}, True),
    ],
)
def test_numpy_records_whether_it_has_blas(
    record: dict[str, Any], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(np, "show_config", lambda mode: record)
    assert blas.has_blas.__wrapped__() is expected
    monkeypatch.setattr(system, "IN_BROWSER", True)
    assert blas.has_blas.__wrapped__() is False


def test_a_browser_has_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "IN_BROWSER", True)
    assert threads.n_threads.__wrapped__() == 1
