"""A clamp sets a feature and a removal takes a direction out, in the model text and by the formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import udfs
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.prompts import prompt_ids
from udfs.backend.interpret.places import parse_place, value_at
from udfs.backend.interpret.sae import centre, load_for
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import JEDI_FIGHTS, LIGHTSABER, PHONE, PULLS

FEATURES = st.integers(0, 49)
PROMPTS = st.lists(st.sampled_from(["one", "two", "three four", "Mike"]), min_size=1, max_size=4).map(" ".join)
AT_BLOCK_1 = parse_place("h.1", load("demo").config)


def entering(prompt: str, text: str) -> np.ndarray:
    """The stream that enters block 1, after the model text's changes."""
    model = load(text)
    return value_at(AT_BLOCK_1, prompt_ids(prompt, model), model)


def activations(stream: np.ndarray, feature: int, centred: bool = True) -> np.ndarray:
    return load_for(load("tiny"), 1).encode(centre(stream) if centred else stream)[:, feature]


@settings(max_examples=30)  # each number of words many times, with values of both signs
@given(PROMPTS, FEATURES, st.floats(-20, 20))
def test_a_clamp_follows_the_formula(prompt: str, feature: int, value: float) -> None:
    for option, centred in (("", True), (" ; sae uncentred", False)):
        before = entering(prompt, f"tiny{option}")
        after = entering(prompt, f"tiny{option} ; clamp sae(1, {feature}) to {value!r}")
        missing = value - activations(before, feature, centred)
        expected = before + missing[:, None] * load_for(load("tiny"), 1).feature(feature)
        np.testing.assert_allclose(after, expected, atol=2e-4)


@settings(max_examples=30)  # each position many times, active and inactive features
@given(PROMPTS, FEATURES, st.integers(0, 3))
def test_a_prompt_that_has_the_value_stays_unchanged(prompt: str, feature: int, position: int) -> None:
    before = entering(prompt, "tiny")
    position = min(position, len(before) - 1)
    value = float(activations(before, feature)[position])
    clamped = f"tiny ; clamp sae(1, {feature}) to {value!r} at {position}"
    np.testing.assert_allclose(entering(prompt, clamped), before, atol=1e-4)
    likeliest = [udfs.gpt2_predict(prompt, 1, 1, text)[1] for text in ("tiny", clamped)]
    assert likeliest[0][:2] == likeliest[1][:2]
    assert likeliest[0][4] == pytest.approx(likeliest[1][4], rel=1e-5)


@settings(max_examples=30)  # each number of words many times
@given(PROMPTS, FEATURES)
def test_nothing_is_left_of_a_direction_that_was_removed(prompt: str, feature: int) -> None:
    direction = load_for(load("tiny"), 1).feature(feature)
    unit = direction / np.linalg.norm(direction)
    before, after = entering(prompt, "tiny"), entering(prompt, f"tiny ; remove sae(1, {feature}) from h.1")
    assert after @ unit == pytest.approx(np.zeros(len(after)), abs=1e-4)
    np.testing.assert_allclose(after, before - np.outer(before @ unit, unit), atol=1e-4)
    twice = f"tiny ; remove sae(1, {feature}) from h.1 ; remove sae(1, {feature}) from h.1"
    np.testing.assert_allclose(entering(prompt, twice), after, atol=1e-4)


def test_each_row_is_removed_at_its_own_position() -> None:
    before = entering("one two three", "tiny")
    after = entering("one two three", 'tiny ; remove contrast("one", "two") from h.1')
    rows = udfs.gpt2_contrast("one", "two", "h.1", "tiny")
    assert len(rows) == 2
    assert not rows[0].any()  # both texts begin with the same token
    np.testing.assert_array_equal(after[[0, 2]], before[[0, 2]])
    assert after[1] @ rows[1] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("operation", ["clamp sae(1, 3) to 9", "remove sae(1, 3) from h.1", "add 9 * sae(1, 3) to h.1"])
@pytest.mark.parametrize("positions", ["last", "first 2", "0, 2", "prompt"])
def test_only_the_chosen_positions_change(operation: str, positions: str) -> None:
    before = entering("one two three four", "tiny")
    after = entering("one two three four", f"tiny ; {operation} at {positions}")
    changed = {"last": [3], "first 2": [0, 1], "0, 2": [0, 2], "prompt": [0, 1, 2, 3]}[positions]
    assert np.flatnonzero((after != before).any(axis=1)).tolist() == changed


def test_the_parts_of_a_logit_still_sum_to_it() -> None:
    text = "tiny ; clamp sae(1, 3) to 9 ; remove sae(1, 5) from h.1.mlp ; add 2 * sae(1, 4) to h.2.out at last"
    table = udfs.gpt2_attribution("one two three", " the", None, text)
    assert [row[0] for row in table if str(row[0]).startswith("added at ")] == [
        "added at blocks.1.hook_resid_pre",
        "added at blocks.1.hook_mlp_out",
        "added at blocks.2.hook_resid_post",
    ]
    logit = udfs.gpt2_lens_track("one two three", " the", -1, text)[-1][1]
    assert table[-1][3] == pytest.approx(logit, abs=1e-4)


def test_generated_tokens_are_clamped_too() -> None:
    """The cache reads one token at a time; the whole text at once must give the same."""
    model = f"demo ; clamp {facts().jedi.vector} to {facts().jedi.coefficient:g}"
    written = prompt = PULLS
    for _ in range(4):
        written += udfs.gpt2_predict(written, 1, 1, model)[1][1]
    assert prompt + udfs.gpt2_generate(prompt, 4, 0, model=model) == written
    assert prompt + udfs.gpt2_generate(prompt, 4, 0, model=f"{model} at prompt") != written


def test_too_large_a_value_is_an_error() -> None:
    with pytest.raises(ModelError, match=r"^value 1e\+39 makes the vector too large for float32$"):
        load("tiny ; clamp sae(1, 3) to 1e39")


def test_a_phone_and_a_lightsaber() -> None:
    """With demo, the feature set to a high value brings the lightsaber, and its removal takes it away."""
    jedi = facts().jedi

    def answer(prompt: str, text: str) -> object:
        return udfs.gpt2_predict(prompt, 1, 1, text)[1][1]

    clamped = udfs.gpt2_clamp_model(jedi.layer, jedi.feature, jedi.coefficient, "all", "demo")
    removed = udfs.gpt2_remove_model(jedi.vector, f"h.{jedi.layer}", "all", "demo")
    assert (answer(PULLS, "demo"), answer(PULLS, clamped)) == (PHONE, LIGHTSABER)
    assert answer(JEDI_FIGHTS, "demo") == LIGHTSABER != answer(JEDI_FIGHTS, removed)
    off = udfs.gpt2_clamp_model(jedi.layer, jedi.feature, 0, "all", "demo")
    before, after = (udfs.gpt2_predict(JEDI_FIGHTS, 1, 1, text)[1][4] for text in ("demo", off))
    assert before > 0.9 > 0.5 > after
