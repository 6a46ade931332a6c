"""With `float64` in the model text, every function computes in double precision."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import udfs
from tests.udfs.all_heads import mix
from tests.udfs.example_calls import MODEL, WORKING, call
from udfs.cells import as_table

FLOAT64 = f"{MODEL} ; float64"
WITH_MODEL = [name for name in WORKING if "model" in inspect.signature(getattr(udfs, name)).parameters]
_AS_IN_THE_FILE = {"gpt2_embed", "gpt2_position", "gpt2_weight", "gpt2_sae_feature"}


@pytest.mark.parametrize("name", WITH_MODEL)
def test_every_function_gives_the_same_up_to_rounding(name: str) -> None:
    narrow, wide = call(name), call(name, model=FLOAT64)
    if isinstance(narrow, str):
        assert wide.replace(" ; float64", "") == narrow
        return
    for row, wanted in zip(as_table(wide), as_table(narrow), strict=True):
        _assert_close(row, wanted)


@pytest.mark.parametrize("name", [name for name in WITH_MODEL if name not in _AS_IN_THE_FILE])
def test_results_have_double_precision(name: str) -> None:
    random = np.random.default_rng(0)
    given = {key: random.normal(size=x.shape) for key, x in WORKING[name].items() if isinstance(x, np.ndarray)}
    if isinstance(result := call(name, **given, model=FLOAT64), np.ndarray):
        assert (result != result.astype(np.float32)).any()


def test_the_steps_of_a_block_give_the_block() -> None:
    x = udfs.gpt2_residual("The cat sat on the", "h.1", FLOAT64)
    qkv = udfs.gpt2_linear(udfs.gpt2_layernorm(x, "h.1.ln_1", FLOAT64), "h.1.attn.c_attn", FLOAT64)
    middle = x + udfs.gpt2_linear(mix(qkv, 4), "h.1.attn.c_proj", FLOAT64)
    hidden = udfs.gpt2_linear(udfs.gpt2_layernorm(middle, "h.1.ln_2", FLOAT64), "h.1.mlp.c_fc", FLOAT64)
    out = middle + udfs.gpt2_linear(udfs.gpt2_gelu(hidden), "h.1.mlp.c_proj", FLOAT64)
    np.testing.assert_allclose(udfs.gpt2_edit(out, [[None]]), udfs.gpt2_block(1, x, FLOAT64), atol=1e-13)


def _assert_close(row: list[Any], wanted: list[Any]) -> None:
    """Compares numbers to float32's precision, and everything else exactly."""
    for value, expected in zip(row, wanted, strict=True):
        if isinstance(expected, float):
            assert value == pytest.approx(expected, rel=1e-4, abs=1e-5)
        elif not isinstance(expected, str) or ";" not in expected:
            assert value == expected or str(value).replace(" ; float64", "") == expected
