"""A model's own texts are drawn from its probabilities, token by token, and are always the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.caches import forget_results
from udfs.backend import catalogue
from udfs.backend.gpt2 import forward
from udfs.backend.interpret import own_texts
from udfs.backend.next_token import probabilities


@given(st.integers(1, 1500), st.integers(0, 9), st.floats(0, 1, exclude_max=True))
def test_a_number_falls_on_its_token(n_vocab: int, seed: int, number: float) -> None:
    logits = (4 * np.random.default_rng(seed).standard_normal(n_vocab)).astype(np.float32)
    ends = np.exp(logits.astype(np.float64)).cumsum()
    ends /= ends[-1]
    token = own_texts._drawn(logits, number)
    assert (ends[token - 1] if token else 0) - 1e-6 <= number <= ends[token] + 1e-6


def test_each_token_is_the_one_that_the_models_probabilities_give(models_folder: object) -> None:
    model = catalogue.load("tiny")
    texts = own_texts.own_texts(model, 3)
    draws = np.random.default_rng(own_texts._SEED).random((own_texts.TOKENS, 3))
    start = model.tokenizer.end_of_text or 0
    for number, ids in enumerate(texts):
        residual = forward.embed([start, *ids], model)
        for layer in range(model.config.n_layer):
            residual = forward.block(layer, residual, model)
        ends = probabilities(forward.unembed(residual, model)).cumsum(axis=-1)
        for place, token in enumerate(ids):
            before = ends[place, token - 1] if token else 0
            assert before - 1e-5 <= draws[place, number] <= ends[place, token] + 1e-5


@pytest.mark.parametrize("n_texts", [1, 3])
def test_they_are_always_the_same(models_folder: object, n_texts: int) -> None:
    model = catalogue.load("tiny")
    first = own_texts.own_texts(model, n_texts)
    forget_results()
    assert own_texts.own_texts(model, n_texts) == first
    assert len(first) == n_texts
