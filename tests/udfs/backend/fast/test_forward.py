from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.random_checkpoint import random_model
from udfs.backend.arrays import Array
from udfs.backend.fast import forward as fast
from udfs.backend.gpt2 import forward


@given(st.integers(1, 300), st.integers(0, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_attention_by_blocks_of_rows_equals_plain_attention(n_seq: int, n_past: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    q = generator.standard_normal((2, 3, n_seq, 16), np.float32)
    k, v = generator.standard_normal((2, 2, 3, n_past + n_seq, 16), np.float32)
    expected = forward.softmax(forward.attention_scores(q, k, 2.0)) @ v
    np.testing.assert_allclose(fast.attend(q, k, v, 2.0), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("n_seq", [1, 10, 128, 129, 300])
def test_a_block_equals_the_readable_one(n_seq: int, tmp_path: Path) -> None:
    model = random_model(tmp_path, "long")
    residual = forward.embed([token % 100 for token in range(n_seq)], model)
    places: list[str] = []

    def hook(place: str, value: Array) -> Array:
        places.append(place)
        return value * 2

    def readable_hook(place: str, value: Array) -> Array:
        return value * 2 if place in places else value

    found = fast.block(1, residual, model, hook)
    assert places == ["blocks.1.attn.hook_k", "blocks.1.attn.hook_v"]
    np.testing.assert_allclose(found, forward.block(1, residual, model, readable_hook), atol=1e-4, rtol=1e-4)
