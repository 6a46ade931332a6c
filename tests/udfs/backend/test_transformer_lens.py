"""Reading and changing internals gives TransformerLens's values, as tests/parity/transformer_lens_parity.py records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.parity import inside
from udfs.backend.catalogue import load

FIXTURE = np.load(Path(__file__).parents[2] / "fixtures" / "inside_tiny.npz")


@pytest.fixture(scope="module")
def ours() -> dict[str, NDArray[np.float32]]:
    return inside.ours(load("tiny"))


@pytest.mark.parametrize("name", FIXTURE.files)
def test_equals_transformer_lens(ours: dict[str, NDArray[np.float32]], name: str) -> None:
    assert ours[name].shape == FIXTURE[name].shape
    np.testing.assert_allclose(ours[name], FIXTURE[name], rtol=1e-4, atol=1e-4)


def test_every_value_is_compared(ours: dict[str, NDArray[np.float32]]) -> None:
    assert set(ours) == set(FIXTURE.files)
