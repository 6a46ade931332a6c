from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.backend.catalogue import load
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.config import Activation
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.gradients import (
    Gradients,
    Objective,
    backward,
    gradients,
    log_probability,
    logit,
    record,
    weight_gradients,
)
from udfs.backend.stream import block, residual_stream

TEXTS = (
    "tiny ; float64",
    "tiny ; float64 ; scale h.1.attn by 2 ; scale h.0.attn.head.1 by 0",
    'tiny ; float64 ; add 3 * sae(1, 4) to h.1.mid at last ; remove contrast("a b", "c") from h.1.mid',
    "tiny ; float64 ; clamp sae(1, 3) to 4 at all ; clamp sae(1, 5) to -2 ; remove sae(1, 7) from h.0.mlp at first 2",
)
PLACES = (
    "hook_embed",
    "blocks.0.hook_resid_pre",
    "blocks.1.ln1.hook_normalized",
    "blocks.1.attn.hook_q",
    "blocks.0.attn.hook_k",
    "blocks.1.attn.hook_v",
    "blocks.1.attn.hook_pattern",
    "blocks.0.attn.hook_z",
    "blocks.1.hook_attn_out",
    "blocks.1.hook_resid_mid",
    "blocks.0.mlp.hook_pre",
    "blocks.2.mlp.hook_post",
    "blocks.0.hook_mlp_out",
    "blocks.2.hook_resid_post",
)
FIXTURE = np.load(Path(__file__).parents[3] / "fixtures" / "gradients_tiny.npz")
OBJECTIVES = (logit(11), logit(11, 7), log_probability(11))
prompts = st.lists(st.integers(0, 50256), min_size=1, max_size=6)


def slope(f: Callable[[float], float], step: float) -> float:
    """The derivative at 0, by central differences of sixth order."""
    return sum(c * (f(n * step) - f(-n * step)) for n, c in ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))) / step


def value(ids: list[int], objective: Objective, model: Model, place: str, change: np.ndarray) -> float:
    """The number after a change of the value at one place."""

    def hook(at: str, x: np.ndarray) -> np.ndarray:
        return x + change if at == place else x

    residual = forward.embed(ids, model, hook)
    for layer in range(model.config.n_layer):
        residual = block(layer, residual, model, hook)
    return objective(forward.unembed(residual, model)[-1])[0]


@settings(max_examples=30)
@given(prompts, st.sampled_from(PLACES), st.sampled_from(OBJECTIVES), st.sampled_from(TEXTS), st.integers(0, 99))
def test_they_are_those_of_finite_differences(
    ids: list[int], place: str, objective: Objective, text: str, seed: int
) -> None:
    model = load(text)
    found = gradients(ids, objective, model).places[place]
    direction = np.random.default_rng(seed).standard_normal(found.shape)
    expected = slope(lambda size: value(ids, objective, model, place, size * direction), 3e-4)
    assert (found * direction).sum() == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "name", ["h.1.attn.c_attn", "h.0.attn.c_proj", "h.2.mlp.c_fc", "h.0.mlp.c_proj", "h.1.ln_1", "ln_f"]
)
@pytest.mark.parametrize("part", ["weight", "bias"])
def test_those_of_weights_are_those_of_edits(name: str, part: str) -> None:
    ids, objective = [5, 6, 7, 8], logit(11, 7)
    model = load("tiny ; float64")
    found = weight_gradients(ids, objective, model).weights
    assert found is not None
    gradient = found[f"{name}.{part}"]
    place = (1,) * gradient.ndim
    where = f"{name}.{part}[{','.join(map(str, place))}]"
    learned = float(model[f"{name}.{part}"][place])

    def edited(change: float) -> float:
        logits = forward.forward(ids, load(f"tiny ; float64 ; set {where} = {learned + change!r}"))
        return objective(logits[-1])[0]

    assert gradient[place] == pytest.approx(slope(edited, 1e-3), rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("activation", ["gelu", "relu"])
@pytest.mark.parametrize("place", ["blocks.0.hook_resid_pre", "blocks.1.attn.hook_q", "blocks.1.mlp.hook_pre"])
def test_those_of_other_activations_and_divisors(activation: Activation, place: str) -> None:
    usual, ids = load("tiny ; float64"), [5, 6, 7]
    config = replace(usual.config, activation=activation, scale_attn_by_inverse_layer_idx=True)
    model = replace(usual, config=config, source=f"tiny with {activation}")
    found = gradients(ids, logit(11), model).places[place]
    direction = np.random.default_rng(3).standard_normal(found.shape)
    expected = slope(lambda size: value(ids, logit(11), model, place, size * direction), 1e-4)
    assert (found * direction).sum() == pytest.approx(expected, rel=1e-6)


def test_they_are_those_of_autograd() -> None:
    """PyTorch's, through Hugging Face transformers: recorded by tests/parity/torch_gradients.py."""
    ids, target, against = FIXTURE["ids"].tolist(), int(FIXTURE["target"]), int(FIXTURE["against"])
    found = weight_gradients(ids, logit(target, against), load("tiny"))
    for name in FIXTURE.files[3:]:
        mine = found.places[name] if name in found.places else (found.weights or {})[name]
        assert np.abs(mine - FIXTURE[name]).max() < 1e-4 * np.abs(FIXTURE[name]).max(), name


def test_prompts_side_by_side_have_the_gradients_that_each_has_alone() -> None:
    model, prompts = load("tiny"), ([5, 6, 7], [1, 2, 3])
    stream = np.stack([residual_stream(ids, model)[0] for ids in prompts])
    trace = record(stream, model)
    d_final = np.random.default_rng(0).standard_normal(stream.shape).astype(np.float32)
    together = backward(d_final, trace, model, Gradients(0.0))
    for n, ids in enumerate(prompts):
        alone = backward(d_final[n], record(residual_stream(ids, model)[0], model), model, Gradients(0.0))
        assert together[n] == pytest.approx(alone, abs=1e-4 * float(np.abs(alone).max()))


def test_a_later_token_has_no_gradient_from_an_earlier_one() -> None:
    model = load("tiny")
    stream = residual_stream([5, 6, 7], model)
    d_final = np.zeros_like(stream[0])
    d_final[1] = 1
    d_stream = backward(d_final, record(stream[0], model), model, Gradients(0.0))
    assert not d_stream[2].any()
    assert d_stream[0].any()
