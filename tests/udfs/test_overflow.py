"""Numbers near the ends of their range: right, or an error, and never a silent zero."""

from __future__ import annotations

import numpy as np
import pytest

import udfs
from udfs.backend import catalogue
from udfs.cells import CellError

SIGNS = np.resize([1.0, -1.0], (1, 32))


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e18, 1e19, 1e30, 1e37])
@pytest.mark.parametrize("model", ["tiny", "tiny ; float64"])
def test_layer_norm_of_large_numbers(size: float, model: str) -> None:
    """A row of +size and -size has variance size^2, so it becomes +1 and -1 before the weight and the bias."""
    tiny = catalogue.load(model)
    normal = SIGNS * size / np.sqrt(size**2 + 1e-5)
    expected = normal * tiny["h.0.ln_1.weight"] + tiny["h.0.ln_1.bias"]
    np.testing.assert_allclose(udfs.gpt2_layernorm(SIGNS * size, "h.0.ln_1", model), expected, rtol=1e-4, atol=1e-6)


def test_layer_norm_beyond_float64_is_an_error() -> None:
    with pytest.raises(CellError, match=r"^h\.0\.ln_1 is given numbers too large for a LayerNorm"):
        udfs.gpt2_layernorm(SIGNS * 1e160, "h.0.ln_1", "tiny ; float64")
    with pytest.raises(CellError, match=r"^x has 1e\+160 in row 1, column 1: a finite number is needed$"):
        udfs.gpt2_layernorm(SIGNS * 1e160, "h.0.ln_1", "tiny")


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_the_nearest_tokens_do_not_depend_on_the_length(size: float) -> None:
    vector = udfs.gpt2_embed([[464]], "tiny").astype(np.float64)
    usual, scaled = (udfs.gpt2_nearest_tokens(vector * by, 3, "tiny") for by in (1, size))
    assert [row[2] for row in scaled] == [row[2] for row in usual]
    assert [row[3] for row in scaled[1:]] == pytest.approx([row[3] for row in usual[1:]], rel=1e-5)


@pytest.mark.parametrize("size", [1e19, 1e30])
def test_a_block_of_large_numbers_is_right_or_an_error(size: float) -> None:
    """The block adds numbers of usual size to the stream, so a stream of 1e19 leaves it as it came."""
    out = udfs.gpt2_block(0, SIGNS * size, "tiny")
    np.testing.assert_allclose(out, SIGNS * size, rtol=1e-6)


@pytest.mark.parametrize("size", [1e200, 1e308])
def test_functions_without_a_model(size: float) -> None:
    np.testing.assert_array_equal(udfs.gpt2_gelu(SIGNS * size), np.maximum(SIGNS * size, 0))
    assert udfs.gpt2_softmax(SIGNS * size)[0, :2].tolist() == [1 / 16, 0]
    with pytest.raises(CellError, match=r"^q must have smaller numbers"):
        udfs.gpt2_attention_pattern(SIGNS * size, SIGNS * size)
