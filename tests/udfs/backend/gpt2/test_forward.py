from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests import float64_forward
from tests.whole_pass import final_stream, trace
from udfs.backend import catalogue
from udfs.backend.arrays import Array
from udfs.backend.catalogue import load
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model

FIXTURE = np.load(Path(__file__).parents[3] / "fixtures" / "forward_tiny.npz")
IDS = FIXTURE["ids"].tolist()

matrices = arrays(np.float32, (4, 6), elements=st.floats(-50, 50, width=32))


@pytest.fixture(scope="module")
def model() -> Model:
    return load("tiny")


@pytest.fixture(scope="module")
def seen(model: Model) -> dict[str, Array]:
    return trace(IDS, model)


def test_stream_equals_transformers(seen: dict[str, Array]) -> None:
    """Recorded by tests/parity/transformers_parity.py."""
    for layer in range(3):
        np.testing.assert_allclose(seen[f"blocks.{layer}.hook_resid_pre"], FIXTURE["stream"][layer], atol=1e-5)
    np.testing.assert_allclose(seen["blocks.2.hook_resid_post"], FIXTURE["stream"][3], atol=1e-5)


def test_patterns_equal_transformers(seen: dict[str, Array]) -> None:
    for layer in range(3):
        np.testing.assert_allclose(seen[f"blocks.{layer}.attn.hook_pattern"], FIXTURE["pattern"][layer], atol=1e-5)


def test_logits_equal_transformers(model: Model) -> None:
    np.testing.assert_allclose(forward.forward(IDS, model)[:, ::97], FIXTURE["logits"], atol=1e-4)


def test_everything_is_float32(seen: dict[str, Array], model: Model) -> None:
    assert {value.dtype for value in seen.values()} == {np.dtype(np.float32)}
    assert forward.unembed(seen["blocks.2.hook_resid_post"], model).dtype == np.float32


@pytest.mark.parametrize("name", ["tiny", "demo"])
def test_float64_equals_the_reference_to_the_last_digits(name: str) -> None:
    exact = load(f"{name} ; float64")
    weights = float64_forward.weights(catalogue.find(name))
    expected = float64_forward.trace(IDS, weights, exact.config.n_layer, exact.config.n_head)
    found = trace(IDS, exact)
    for place in expected.keys() - {"logits"}:
        np.testing.assert_allclose(found[place], expected[place], rtol=1e-9, atol=1e-9, err_msg=place)
    final = found[f"blocks.{exact.config.n_layer - 1}.hook_resid_post"]
    np.testing.assert_allclose(forward.unembed(final, exact)[-1], expected["logits"], rtol=1e-9, atol=1e-9)


def test_the_stream_is_the_sum_of_its_parts(seen: dict[str, Array]) -> None:
    parts = [seen["hook_embed"], seen["hook_pos_embed"]]
    parts += [seen[f"blocks.{layer}.hook_{half}_out"] for layer in range(3) for half in ("attn", "mlp")]
    np.testing.assert_allclose(sum(parts), seen["blocks.2.hook_resid_post"], rtol=1e-4, atol=1e-5)


def test_a_later_token_does_not_change_earlier_ones(model: Model) -> None:
    longer = forward.forward(IDS, model)
    np.testing.assert_allclose(forward.forward(IDS[:4], model), longer[:4], rtol=1e-4, atol=1e-5)


def test_the_pass_goes_on_with_what_a_hook_returns(model: Model) -> None:
    def silence(place: str, value: Array) -> Array:
        return np.zeros_like(value) if place.endswith(("attn_out", "mlp_out")) else value

    np.testing.assert_array_equal(final_stream(IDS, model, silence), forward.embed(IDS, model))


@given(matrices)
def test_softmax_rows_sum_to_one(x: Array) -> None:
    np.testing.assert_allclose(forward.softmax(x).sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(forward.softmax(x), forward.softmax(x + np.float32(3)), atol=1e-5)


def test_gelu_uses_the_tanh_approximation() -> None:
    """Values of torch.nn.functional.gelu(x, approximate="tanh"); exact GELU gives -0.00405 at -3."""
    x = np.array([-3, -1, -0.5, 0, 0.5, 1, 3], np.float32)
    expected = [-0.0036374, -0.1588080, -0.1542860, 0, 0.3457140, 0.8411920, 2.9963627]
    np.testing.assert_allclose(forward.gelu(x), expected, atol=1e-6)


@given(matrices)
def test_heads_split_and_join(x: Array) -> None:
    q, k, v = forward.split_heads(x, 2)
    np.testing.assert_array_equal(np.hstack([forward.join_heads(part) for part in (q, k, v)]), x)


def test_no_score_looks_ahead(seen: dict[str, Array]) -> None:
    scores = seen["blocks.0.attn.hook_attn_scores"]
    assert np.isneginf(scores[:, np.triu_indices(10, 1)[0], np.triu_indices(10, 1)[1]]).all()
    assert np.isfinite(scores[:, np.tril_indices(10)[0], np.tril_indices(10)[1]]).all()


def test_prompts_of_equal_length_can_be_batched(model: Model) -> None:
    prompts = [IDS, IDS[::-1]]
    residual = np.stack([forward.embed(ids, model) for ids in prompts])  # [n_prompts, n_seq, n_embd]
    together = forward.unembed(forward.block(1, residual, model), model)
    for found, single in zip(together, residual, strict=True):
        np.testing.assert_allclose(found, forward.unembed(forward.block(1, single, model), model), atol=1e-4)


@pytest.mark.parametrize("scale", [1, 1e10, 1e20, 1e30])
def test_gelu_of_large_numbers(scale: float) -> None:
    x = np.array([-scale, scale], np.float32) * 20
    np.testing.assert_array_equal(forward.gelu(x), [0, x[1]])
