"""Fine-tuning: gradients against finite differences, PyTorch's losses step by step, and what is left unchanged."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.random_checkpoint import random_model
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.model import Model
from udfs.backend.train import tune as training
from udfs.backend.train.loss import loss_and_gradients

FIXTURE = np.load(Path(__file__).parents[3] / "fixtures" / "tuning_tiny.npz")
TEXTS = ([464, 3797, 3332, 319, 50256], [257, 3797, 50256], [464, 262, 464, 262, 464, 262, 50256], [11, 13, 50256])
NAMES = ("wte.weight", "wpe.weight", "h.0.attn.c_attn.weight", "h.1.ln_1.bias", "h.2.mlp.c_proj.weight", "ln_f.weight")
LISTS = st.lists(st.lists(st.integers(0, 99), min_size=2, max_size=8), min_size=1, max_size=4)


def changed(model: Model, name: str, change: np.ndarray) -> Model:
    tensors = model.tensors.with_changes({name: model[name] + change})
    return replace(model, tensors=tensors, linears=model.linears.edited(tensors))


@settings(max_examples=20)
@given(LISTS, st.sampled_from(NAMES), st.integers(0, 99))
def test_the_gradients_are_those_of_finite_differences(texts: list[list[int]], name: str, seed: int) -> None:
    model = load("tiny ; float64")
    _, gradients = loss_and_gradients(texts, model)
    direction = np.random.default_rng(seed).standard_normal(model[name].shape)
    step = 1e-5
    up, down = (loss_and_gradients(texts, changed(model, name, sign * step * direction))[0] for sign in (1, -1))
    assert (gradients[name] * direction).sum() == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-7)


@settings(max_examples=30)  # one to four texts of two to eight tokens, so each pair of numbers
@given(LISTS)
def test_texts_side_by_side_have_the_mean_loss_of_all_tokens(texts: list[list[int]]) -> None:
    model = load("tiny")
    assert loss_and_gradients(texts, model, 3)[0] == pytest.approx(training.mean_loss(texts, model), rel=1e-4)


@pytest.mark.parametrize("only", FIXTURE.files)
def test_the_losses_are_those_of_torchs_adam(only: str) -> None:
    """Recorded by tests/parity/torch_tuning.py."""
    model, expected = load("tiny"), FIXTURE[only]
    names = training.trained_names([] if only == "everything" else only.split("+"), model.config)
    steps = training.tune(iter([list(TEXTS)] * len(expected)), len(expected), 1e-3, names, model)
    assert [step.loss for step in steps] == pytest.approx(expected.tolist(), abs=1e-3)
    assert expected[-1] < expected[0] - 0.5


def test_only_the_chosen_tensors_change() -> None:
    model = load("tiny")
    names = training.trained_names(["h.2", "ln_f"], model.config)
    *_, last = training.tune(training.batches(TEXTS), 2, 1e-3, names, model)
    different = [name for name in model.tensors if not np.array_equal(model[name], last.model[name])]
    assert different == names
    assert {name.rpartition(".")[0].partition(".")[0] for name in names} == {"h", "ln_f"}


def test_an_unembedding_of_its_own_is_trained_too(tmp_path: Path) -> None:
    model = random_model(tmp_path, "few")
    untied = replace(model, config=replace(model.config, tied=False))
    head = {"lm_head.weight": np.array(model["wte.weight"])}
    tensors = model.tensors.with_changes(head)
    untied = replace(untied, tensors=tensors, linears=type(model.linears)(tensors))
    texts = [[0, 1, 2, 3], [3, 2, 1]]
    tied, own = (loss_and_gradients(texts, of)[1] for of in (model, untied))
    np.testing.assert_allclose(own["lm_head.weight"] + own["wte.weight"], tied["wte.weight"], atol=1e-6)


def test_every_text_is_read_as_often_and_in_the_same_order_each_time() -> None:
    texts = [[n, n] for n in range(600)]
    rounds = list(islice(training.batches(texts), 6))
    assert rounds == list(islice(training.batches(texts), 6))
    assert sorted(ids[0] for batch in rounds[:3] for ids in batch) == list(range(600))
    assert max(len(batch) * max(map(len, batch)) for batch in rounds) <= 512


def test_texts_end_with_the_end_of_text() -> None:
    model = load("tiny")
    assert training.texts_of(["one two", "", "  three "], model) == [[505, 734, 50256], [15542, 50256]]
    assert training.texts_of(["one"], load("tiny ; bos")) == [[50256, 505, 50256]]
    assert [len(ids) for ids in training.texts_of(["a" + " a" * 99], model)] == [64, 37]


@pytest.mark.parametrize("lines", [[], ["", "  "]])
def test_an_empty_file_is_one_line(lines: list[str]) -> None:
    with pytest.raises(ModelError, match=r"^the file must hold at least one line of text$"):
        training.texts_of(lines, load("tiny"))


def test_an_unknown_tensor_is_named() -> None:
    with pytest.raises(ModelError, match=r"^only must be the beginning of a tensor's name, .* not 'h.1'?"):
        training.trained_names(["h.1x"], load("tiny").config)


def test_too_large_a_rate_is_named() -> None:
    model = load("tiny")
    with (
        np.errstate(all="ignore"),
        pytest.raises(ModelError, match=r"learning-rate 1e\+30 is too large|numbers too large"),
    ):
        list(training.tune(training.batches(TEXTS), 5, 1e30, training.trained_names([], model.config), model))


def test_memory_grows_with_what_is_trained(tmp_path: Path) -> None:
    model = load("demo")
    everything, block = (
        training.bytes_needed(TEXTS, training.trained_names(only, model.config), model) for only in ([], ["h.11"])
    )
    assert block < everything < 400e6
