"""The distribution that a token is drawn from equals that of transformers, and draws follow it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import udfs
from tests.chi_squared import chance
from tests.udfs.backend.generate.recorded import FIXTURE
from tests.whole_pass import all_logits
from udfs.backend.arrays import Array
from udfs.backend.catalogue import load
from udfs.backend.generate.sampling import (
    DEFAULT_SEED,
    Sampling,
    choose,
    distribution,
    draw,
    ends,
    random_numbers,
    stages,
)
from udfs.backend.gpt2 import forward
from udfs.cells import CellError

SAMPLINGS = [Sampling(*of["sampling"]) for of in FIXTURE["distributions"]]
vectors = arrays(np.float32, st.integers(1, 40), elements=st.floats(-5, 5, width=16))


@pytest.mark.parametrize("number", range(len(SAMPLINGS)), ids=lambda number: str(SAMPLINGS[number]))
def test_tokens_left_by_the_cuts_equal_transformers(number: int) -> None:
    """Recorded by tests/parity/transformers_generation.py, with the warpers in the order that `generate` uses."""
    model, expected = load("tiny"), FIXTURE["distributions"][number]
    logits = all_logits(FIXTURE["ids"], model)[-1]
    found = distribution(logits, SAMPLINGS[number])
    kept = np.flatnonzero(found)
    assert (len(kept), kept[:200].tolist()) == (expected["n_kept"], expected["ids"])
    np.testing.assert_allclose(found[kept[:200]], expected["probabilities"], atol=1e-6)
    assert found.sum() == pytest.approx(1)


def test_the_order_is_temperature_then_top_k_then_top_p() -> None:
    """The likeliest token has 0.4 before top-k, less than top-p, but 4/7 after it, which is enough; not if hotter."""
    logits = np.log(np.array([0.4, 0.2, 0.1, 0.3], np.float32))
    found = stages(logits, Sampling(1, 2, 0.51))
    np.testing.assert_allclose(found.temperature, [0.4, 0.2, 0.1, 0.3], atol=1e-6)
    np.testing.assert_allclose(found.top_k, [4 / 7, 0, 0, 3 / 7], atol=1e-6)
    np.testing.assert_allclose(found.top_p, [1, 0, 0, 0], atol=1e-6)
    hot = stages(logits, Sampling(1000, 2, 0.51))
    np.testing.assert_allclose(hot.top_p, [0.5, 0, 0, 0.5], atol=1e-3)


def test_tokens_that_tie_with_the_last_of_the_top_k_stay() -> None:
    logits = np.array([3, 1, 2, 2, 2, 0], np.float32)
    assert np.flatnonzero(distribution(logits, Sampling(1, 2, 1))).tolist() == [0, 2, 3, 4]
    assert np.flatnonzero(distribution(logits, Sampling(1, 99, 1))).tolist() == [0, 1, 2, 3, 4, 5]


@example(np.zeros(10, np.float32), 1.0, 0, 0.8)  # eight tenths add up to a little less than 0.8
@given(vectors, st.floats(0.05, 5), st.integers(0, 50), st.floats(0, 1))
def test_top_p_is_the_smallest_set_with_that_probability(
    values: Array, temperature: float, top_k: int, top_p: float
) -> None:
    found = stages(values, Sampling(temperature, top_k, top_p))
    kept = found.top_p > 0
    assert kept[values.argmax()]
    assert found.top_p.sum() == pytest.approx(1)
    share = found.top_k[kept].sum()
    assert share >= top_p - 1e-9
    assert share - found.top_k[kept].min() < top_p + 1e-9 or kept.sum() == (found.top_k > 0).sum()
    np.testing.assert_allclose(found.top_p[kept], found.top_k[kept] / share)


@given(vectors, st.floats(0, 1, exclude_max=True))
def test_a_number_draws_the_token_that_it_falls_on(values: Array, number: float) -> None:
    shares = distribution(values, Sampling(1))
    order = np.argsort(-shares, kind="stable")
    sums = np.cumsum(shares[order])
    place = min(int((sums <= number).sum()), len(values) - 1)
    assert draw(shares, number) == order[place]


@given(st.integers(0, 2**32 - 1), st.floats(0, 1, exclude_max=True))
def test_ends_locate_each_token(seed: int, number: float) -> None:
    """Even with more tokens than are sorted, and with tokens that were cut."""
    shares = distribution(np.random.RandomState(seed).standard_normal(900), Sampling(3, 700))
    last, drawn = ends(shares), draw(shares, number)
    assert last[drawn] - shares[drawn] <= number + 1e-12
    assert number < last[drawn] + 1e-12
    likeliest = np.argsort(-shares)[:100]
    np.testing.assert_allclose(last[likeliest], np.cumsum(shares[likeliest]))


def test_a_number_just_below_1_draws_a_token_that_was_not_cut() -> None:
    shares = np.array([0, 0.1, 0, 0.3, 0.6 - 1e-12])
    assert draw(shares, 1 - 2.0**-53) == 1


@pytest.mark.parametrize("how", [Sampling(1), Sampling(0.7, 0, 0.9), Sampling(1.5, 30, 1), Sampling(1.2, 40, 0.6)])
def test_tokens_are_drawn_with_their_probabilities(how: Sampling) -> None:
    logits = np.random.RandomState(4).standard_normal(500).astype(np.float32)
    shares, numbers = distribution(logits, how), random_numbers(11)
    drawn = np.array([draw(shares, numbers()) for _ in range(5_000)])
    assert chance(np.bincount(drawn, minlength=500), shares) > 0.001
    hotter = distribution(logits, how._replace(temperature=3 * how.temperature))
    assert chance(np.bincount(drawn, minlength=500), hotter) < 1e-6


def test_logits_that_are_not_finite_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in (np.nan, np.inf, -np.inf):
        monkeypatch.setattr(forward, "unembed", lambda residual, model, wrong=wrong: np.array([[1, wrong]], np.float32))
        for call in (
            lambda: udfs.gpt2_generate("one", 3, model="tiny"),
            lambda: udfs.gpt2_beam("two", 3, model="tiny"),
            lambda: udfs.gpt2_logprobs("three four", "tiny"),
            lambda: udfs.gpt2_candidates("five", model="tiny"),
            lambda: udfs.gpt2_speculate("six", 3, model="tiny"),
        ):
            with pytest.raises(CellError, match="model tiny gives numbers that are not finite"):
                call()


def test_a_number_on_the_border_of_two_tokens_draws_the_second() -> None:
    shares = np.array([0.25, 0.5, 0.25])
    assert [draw(shares, number) for number in (0, 0.5, 0.75)] == [1, 0, 2]


def test_a_seed_gives_the_same_numbers_everywhere() -> None:
    """Recorded once. Other numbers would change the text of every seed."""
    numbers = random_numbers(0)
    assert [numbers() for _ in range(3)] == [0.8444218515250481, 0.7579544029403025, 0.420571580830845]
    assert random_numbers()() == random_numbers(DEFAULT_SEED)() != random_numbers(1)()


@given(vectors, st.floats(0, 1, exclude_max=True))
def test_the_likeliest_token_is_chosen_at_temperature_0(values: Array, number: float) -> None:
    assert choose(values, Sampling(0), number) == draw(distribution(values, Sampling(0)), number)


def test_equally_likely_tokens_are_in_the_order_of_their_ids() -> None:
    shares = np.full(5000, 1 / 5000)
    assert [draw(shares, (token + 0.5) / 5000) for token in (0, 1, 255, 256, 4999)] == [0, 1, 255, 256, 4999]
    np.testing.assert_allclose(ends(shares), np.cumsum(shares))
