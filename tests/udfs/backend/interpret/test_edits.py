from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.whole_pass import final_stream, trace
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.tokenizer import encode
from udfs.backend.interpret.places import parse_place, value_at

IDS = [464, 3797, 3332, 319]


def test_set_changes_one_weight_and_shares_the_others() -> None:
    plain, edited = load("tiny"), load("tiny ; set h.1.mlp.c_fc.weight[3, 17] = 0.5")
    changed = edited["h.1.mlp.c_fc.weight"] != plain["h.1.mlp.c_fc.weight"]
    assert np.argwhere(changed).tolist() == [[3, 17]]
    assert edited["h.1.mlp.c_fc.weight"][3, 17] == 0.5
    assert all(edited[name] is plain[name] for name in plain.tensors if name != "h.1.mlp.c_fc.weight")


def test_operations_are_applied_in_order() -> None:
    first = load("tiny ; set h.0.mlp.c_proj.bias[2] = 3 ; scale h.0.mlp by 2")
    last = load("tiny ; scale h.0.mlp by 2 ; set h.0.mlp.c_proj.bias[2] = 3")
    assert first["h.0.mlp.c_proj.bias"][2] == 6
    assert last["h.0.mlp.c_proj.bias"][2] == 3


@pytest.mark.parametrize("half", ["attn", "mlp"])
def test_scaling_a_half_scales_what_it_adds(half: str) -> None:
    plain, edited = load("tiny"), load(f"tiny ; scale h.1.{half} by -2.5")
    place = parse_place(f"h.1.{half}", plain.config)
    before = trace(IDS, plain)["blocks.1.hook_resid_pre"]
    np.testing.assert_array_equal(before, trace(IDS, edited)["blocks.1.hook_resid_pre"])
    if half == "attn":  # the MLP reads the stream after attention, so only attention's input is unchanged
        np.testing.assert_allclose(value_at(place, IDS, edited), -2.5 * value_at(place, IDS, plain), atol=1e-5)
    assert not np.allclose(final_stream(IDS, plain), final_stream(IDS, edited))


def test_a_head_scaled_by_zero_writes_nothing() -> None:
    plain, edited = load("tiny"), load("tiny ; scale h.1.attn.head.2 by 0")
    config = plain.config
    assert not value_at(parse_place("h.1.attn.head.2", config), IDS, edited).any()
    lost = value_at(parse_place("h.1.attn", config), IDS, plain) - value_at(
        parse_place("h.1.attn", config), IDS, edited
    )
    np.testing.assert_allclose(lost, value_at(parse_place("h.1.attn.head.2", config), IDS, plain), atol=1e-5)


def test_scaling_by_one_changes_nothing() -> None:
    plain, edited = load("tiny"), load("tiny ; scale h.0.attn.head.0 by 1 ; scale h.1.mlp by 1 ; scale h.2.attn by 1")
    np.testing.assert_array_equal(final_stream(IDS, plain), final_stream(IDS, edited))


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ("set h.9.ln_1.bias[0] = 1", "parameter must be a tensor such as h.0.attn.c_attn.weight, not 'h.9.ln_1.bias'"),
        ("set ln_f.bias[32] = 1", "index of ln_f.bias must be 0 to 31, not 32"),
        ("set wpe.weight[64, 0] = 1", "row of wpe.weight must be 0 to 63, not 64"),
        ("set wpe.weight[0, 32] = 1", "column of wpe.weight must be 0 to 31, not 32"),
        ("set wpe.weight[0] = 1", "wpe.weight must be given as wpe.weight[row, column]"),
        ("set ln_f.bias[0, 0] = 1", "ln_f.bias must be given as ln_f.bias[index]"),
        ("scale h.3.attn by 0", "scale: layer must be 0 to 2, not 3"),
        ("scale h.0.attn.head.4 by 0", "scale: head must be 0 to 3, not 4"),
        ("scale h.0.ln_1 by 0", "scale: a component is h.9.attn.head.1, h.9.attn or h.9.mlp, not 'h.0.ln_1'"),
        ('mean h.0.ln_1 over ["a"]', "mean: a component is h.9.attn.head.1, h.9.attn or h.9.mlp, not 'h.0.ln_1'"),
        ('mean h.0.mlp over [""]', "prompt must have 1 to 64 tokens for tiny, not 0"),
        ("add 1 * sae(1, 50) to h.2", "feature must be 0 to 49, not 50"),
        (
            "add 1 * sae(0, 5) to h.2",
            "layer must be one that has a sparse autoencoder for tiny on this machine (1), not 0",
        ),
        ("add 1 * sae(1, 5) to h.9", "layer must be 0 to 2, not 9"),
        (
            "add 1 * sae(1, 5) to h.0.attn.q",
            "place must be in the stream, such as h.2, h.2.mid, h.2.attn or h.2.mlp, not blocks.0.attn.hook_q",
        ),
        ("add 1e39 * sae(1, 5) to h.2", "coefficient 1e+39 makes the vector too large for float32"),
    ],
)
def test_impossible_operations_are_one_line(clause: str, message: str) -> None:
    with pytest.raises(ModelError) as error:
        load(f"tiny ; {clause}")
    assert str(error.value) == message


@pytest.mark.parametrize("what", ["h.1.attn.head.2", "h.1.attn", "h.1.mlp"])
def test_a_mean_replaces_the_output(what: str) -> None:
    prompts = ["one two three", "four five"]
    plain = load("tiny")
    edited = load(f"tiny ; mean {what} over {json.dumps(prompts)}")
    place = parse_place(what, plain.config)
    written = np.vstack([value_at(place, encode(prompt), plain) for prompt in prompts])
    if what.endswith("head.2"):  # the mean is now in the bias, which all heads share
        assert not value_at(place, IDS, edited).any()
        place = parse_place("h.1.attn", plain.config)
        others = value_at(place, IDS, load(f"tiny ; scale {what} by 0"))
        np.testing.assert_allclose(value_at(place, IDS, edited), others + written.mean(axis=0), atol=1e-5)
    else:
        expected = np.tile(written.mean(axis=0), (len(IDS), 1))
        np.testing.assert_allclose(value_at(place, IDS, edited), expected, atol=1e-5)
    touched = {name for name in plain.tensors if not plain.tensors.shares(name, edited.tensors)}
    half = "mlp" if what.endswith("mlp") else "attn"
    assert touched == {f"h.1.{half}.c_proj.weight", f"h.1.{half}.c_proj.bias"}


def test_a_mean_over_the_only_token_changes_nothing() -> None:
    plain, edited = load("tiny"), load('tiny ; mean h.1.attn over ["hello"] ; mean h.2.mlp over ["hello"]')
    ids = encode("hello")
    np.testing.assert_allclose(final_stream(ids, edited), final_stream(ids, plain), atol=1e-5)


@pytest.mark.parametrize(
    "place", ["h.0", "h.1.mid", "h.1.out", "h.3", "h.2.attn", "h.0.mlp", "blocks.1.hook_resid_pre"]
)
def test_adding_zero_times_a_vector_changes_nothing(place: str) -> None:
    edited = load(f'tiny ; add 0 * sae(1, 3) to {place} ; add 0 * contrast("one two", "three") to {place} at last')
    np.testing.assert_array_equal(final_stream(IDS, edited), final_stream(IDS, load("tiny")))


def test_a_steered_model_shares_every_array_and_layer() -> None:
    plain, steered = load("tiny"), load("tiny ; add 3 * sae(1, 3) to h.1")
    assert all(plain.tensors.shares(name, steered.tensors) for name in plain.tensors)
    assert plain.linears["h.1.mlp.c_fc"] is steered.linears["h.1.mlp.c_fc"]
    edited = load("tiny ; scale h.0.attn by 2 ; add 3 * sae(1, 3) to h.1 ; scale h.2.mlp by 0")
    assert plain.linears["h.1.mlp.c_fc"] is edited.linears["h.1.mlp.c_fc"]
    assert plain.linears["h.0.attn.c_proj"] is not edited.linears["h.0.attn.c_proj"]


def test_additions_and_edits_work_together() -> None:
    """An addition to an MLP's output stays when the MLP is scaled to zero."""
    steered = load("tiny ; add 3 * sae(1, 3) to h.1.mlp ; scale h.1.mlp by 0")
    added = value_at(parse_place("h.1.mlp", steered.config), IDS, steered)
    np.testing.assert_allclose(added, np.tile(steered.interventions[0].rows, (len(IDS), 1)), atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.floats(-50, 50), st.integers(0, 49), st.sampled_from(["h.0", "h.1.mid", "h.2", "h.3"]))
def test_adding_twice_is_adding_the_sum(coefficient: float, feature: int, place: str) -> None:
    vector = f"sae(1, {feature})"
    once = load(f"tiny ; add {2 * coefficient} * {vector} to {place}")
    twice = load(f"tiny ; add {coefficient} * {vector} to {place} ; add {coefficient} * {vector} to {place}")
    np.testing.assert_allclose(final_stream(IDS, once), final_stream(IDS, twice), atol=1e-3)
