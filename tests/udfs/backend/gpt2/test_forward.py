from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests import float64_forward
from tests.random_checkpoint import random_model
from udfs.backend import catalogue
from udfs.backend.arrays import Array
from udfs.backend.catalogue import load
from udfs.backend.fast import layers
from udfs.backend.fast.layout import Layout
from udfs.backend.generate.kv_cache import KeyValues
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
    return forward.trace(IDS, model)


def test_stream_equals_transformers(seen: dict[str, Array]) -> None:
    """Recorded by tests/parity/transformers_parity.py."""
    for layer in range(3):
        np.testing.assert_allclose(seen[f"blocks.{layer}.hook_resid_pre"], FIXTURE["stream"][layer], atol=1e-5)
    np.testing.assert_allclose(seen["blocks.2.hook_resid_post"], FIXTURE["stream"][3], atol=1e-5)


def test_patterns_equal_transformers(seen: dict[str, Array]) -> None:
    for layer in range(3):
        np.testing.assert_allclose(seen[f"blocks.{layer}.attn.hook_pattern"], FIXTURE["pattern"][layer], atol=1e-5)


def test_logits_equal_transformers(model: Model) -> None:
    logits = forward.unembed(forward.forward(IDS, model), model)
    np.testing.assert_allclose(logits[:, ::97], FIXTURE["logits"], atol=1e-4)


def test_everything_is_float32(seen: dict[str, Array], model: Model) -> None:
    assert {value.dtype for value in seen.values()} == {np.dtype(np.float32)}
    assert forward.unembed(seen["blocks.2.hook_resid_post"], model).dtype == np.float32


@pytest.mark.parametrize("name", ["tiny", "demo"])
def test_float64_is_what_the_checkpoint_gives_exactly(name: str) -> None:
    exact = load(f"{name} ; float64")
    weights = float64_forward.weights(catalogue.find(name))
    expected = float64_forward.trace(IDS, weights, exact.config.n_layer, exact.config.n_head)
    found = forward.trace(IDS, exact)
    for place in expected.keys() - {"logits"}:
        np.testing.assert_allclose(found[place], expected[place], rtol=1e-9, atol=1e-9, err_msg=place)
    final = found[f"blocks.{exact.config.n_layer - 1}.hook_resid_post"]
    np.testing.assert_allclose(forward.unembed(final, exact)[-1], expected["logits"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("tiles", [True, False])
@pytest.mark.parametrize("n_read", [0, 9, 1])
def test_heads_and_hidden_units_shared_out(
    n_read: int, tiles: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody looks, threads share the work of a wide model; where somebody does, they cannot."""
    monkeypatch.setattr(layers, "best_layout", lambda: Layout(tiles=tiles, chunks=True))
    model, ids = random_model(tmp_path, "wide"), list(range(10))
    expected = forward.forward(ids, model, lambda place, value: value)
    past = KeyValues(model.config)
    parts = [forward.forward(part, model, past=past) for part in (ids[:n_read], ids[n_read:]) if part]
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(forward.forward(ids, model), expected, rtol=1e-4, atol=1e-5)


def test_the_stream_is_the_sum_of_its_parts(seen: dict[str, Array]) -> None:
    parts = [seen["hook_embed"], seen["hook_pos_embed"]]
    parts += [seen[f"blocks.{layer}.hook_{half}_out"] for layer in range(3) for half in ("attn", "mlp")]
    np.testing.assert_allclose(sum(parts), seen["blocks.2.hook_resid_post"], rtol=1e-4, atol=1e-5)


def test_a_later_token_changes_nothing_before_it(model: Model) -> None:
    longer = forward.forward(IDS, model)
    np.testing.assert_allclose(forward.forward(IDS[:4], model), longer[:4], rtol=1e-4, atol=1e-5)


def test_what_see_returns_goes_on(model: Model) -> None:
    def silence(place: str, value: Array) -> Array:
        return np.zeros_like(value) if place.endswith(("attn_out", "mlp_out")) else value

    np.testing.assert_array_equal(forward.forward(IDS, model, silence), forward.embed(IDS, model))


@given(matrices)
def test_softmax_rows_sum_to_one(x: Array) -> None:
    np.testing.assert_allclose(forward.softmax(x).sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(forward.softmax(x), forward.softmax(x + np.float32(3)), atol=1e-5)


def test_gelu_is_the_tanh_kind() -> None:
    """Values of torch.nn.functional.gelu(x, approximate="tanh"); exact GELU gives -0.00405 at -3."""
    x = np.array([-3, -1, -0.5, 0, 0.5, 1, 3], np.float32)
    expected = [-0.0036374, -0.1588080, -0.1542860, 0, 0.3457140, 0.8411920, 2.9963627]
    np.testing.assert_allclose(forward.gelu(x), expected, atol=1e-6)


@given(matrices)
def test_heads_split_and_join(x: Array) -> None:
    q, k, v = forward.split_qkv(x, 2)
    np.testing.assert_array_equal(np.hstack([forward.join_heads(part) for part in (q, k, v)]), x)


def test_no_score_looks_ahead(seen: dict[str, Array]) -> None:
    scores = seen["blocks.0.attn.hook_attn_scores"]
    assert np.isneginf(scores[:, np.triu_indices(10, 1)[0], np.triu_indices(10, 1)[1]]).all()
    assert np.isfinite(scores[:, np.tril_indices(10)[0], np.tril_indices(10)[1]]).all()


@given(st.integers(1, 300), st.integers(0, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_attention_in_one_is_attention_step_by_step(n_seq: int, n_past: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    q = generator.standard_normal((3, n_seq, 16), np.float32)
    k, v = generator.standard_normal((2, 3, n_past + n_seq, 16), np.float32)
    expected = forward.attention_mix(forward.softmax(forward.attention_scores(q, k)), v)
    np.testing.assert_allclose(forward.attend(q, k, v), expected, atol=1e-5, rtol=1e-4)
