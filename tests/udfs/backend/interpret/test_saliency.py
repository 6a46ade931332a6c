from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.backend.catalogue import load
from udfs.backend.gpt2.tokenizer import encode
from udfs.backend.interpret.gradients import gradients, log_probability, logit
from udfs.backend.interpret.saliency import METHODS, gradient_times_input, integrated_gradients, leave_one_out

IDS = encode("Mike is quick. Anna is slow. He moves")
QUICKLY, SLOWLY = (encode(word)[0] for word in (" quickly", " slowly"))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 50256), min_size=1, max_size=6), st.integers(0, 50256))
def test_integrated_gradients_are_complete(ids: list[int], target: int) -> None:
    """The tokens' numbers sum to the value minus the baseline's: a theorem of Sundararajan et al."""
    found = integrated_gradients(ids, logit(target), load("tiny ; float64"))
    assert found.baseline is not None
    assert sum(n for n in found.tokens if n is not None) == pytest.approx(found.value - found.baseline, abs=1e-3)


def test_integrated_gradients_are_complete_for_demo() -> None:
    found = integrated_gradients(IDS, logit(QUICKLY, SLOWLY), load("demo"))
    assert found.baseline is not None
    assert sum(n for n in found.tokens if n is not None) == pytest.approx(found.value - found.baseline, rel=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_the_answer_hangs_on_the_right_of_two_words(method: str) -> None:
    found = METHODS[method](IDS, logit(QUICKLY, SLOWLY), load("demo"))
    quick, slow = (found.tokens[IDS.index(encode(word)[0])] for word in (" quick", " slow"))
    assert quick is not None
    assert slow is not None
    assert quick > abs(slow) / 2 > slow


def test_the_gradient_method_is_the_gradient_times_the_embedding() -> None:
    model = load("tiny")
    found = gradient_times_input([5, 6], log_probability(7), model)
    gradient = gradients([5, 6], log_probability(7), model).places["hook_embed"]
    expected = [float(row @ model["wte.weight"][token]) for row, token in zip(gradient, (5, 6), strict=True)]
    assert found.tokens == pytest.approx(expected, rel=1e-4)


def test_a_token_left_out_is_a_shorter_prompt() -> None:
    model = load("tiny")
    whole, shorter = (leave_one_out(ids, logit(9), model).value for ids in ([5, 6, 7], [5, 7]))
    assert leave_one_out([5, 6, 7], logit(9), model).tokens[1] == pytest.approx(whole - shorter)


def test_the_only_token_cannot_be_left_out() -> None:
    assert leave_one_out([5], logit(9), load("tiny")).tokens == [None]
