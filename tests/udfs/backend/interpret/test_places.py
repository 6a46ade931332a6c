from __future__ import annotations

import numpy as np
import pytest

from tests.whole_pass import trace
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.interpret.places import NAMES, Place, parse_place, value_at

MODEL = "tiny"
IDS = [464, 3797, 3332, 319]


@pytest.mark.parametrize(("short", "hook"), [(a.replace("L", "1"), b.replace("L", "1")) for a, b in NAMES.items()])
def test_both_names_mean_the_same_place(short: str, hook: str) -> None:
    config = load(MODEL).config
    assert parse_place(short, config) == parse_place(hook, config) == parse_place(f" {short} ", config)


def test_every_place_of_the_forward_pass_has_a_name() -> None:
    model = load(MODEL)
    named = {parse_place(name.replace("L", str(layer)), model.config).hook for name in NAMES for layer in range(3)}
    assert set(trace(IDS, model)) | {"ln_final.hook_normalized"} == named


def test_the_place_after_the_last_block() -> None:
    model = load(MODEL)
    assert parse_place("h.3", model.config) == parse_place("h.2.out", model.config)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("h.4", "layer must be 0 to 2, not 4"),
        ("blocks.3.hook_resid_pre", "layer must be 0 to 2, not 3"),
        ("h.1.attn.head.4.q", "place: head must be 0 to 3, not 4"),
        ("h.L", "place must be a name such as"),
        ("h.1.nothing", "place must be a name such as"),
        ("", "place must be a name such as"),
        ("h.-1", "place must be a name such as"),
    ],
)
def test_an_unknown_place(text: str, message: str) -> None:
    with pytest.raises(ModelError, match=f"^{message}"):
        parse_place(text, load(MODEL).config)


def test_heads_are_side_by_side() -> None:
    model = load(MODEL)
    patterns = value_at(parse_place("h.1.attn.pattern", model.config), IDS, model)
    one = value_at(parse_place("h.1.attn.head.2.pattern", model.config), IDS, model)
    np.testing.assert_array_equal(patterns[:, 8:12], one)
    assert value_at(parse_place("h.1.attn.q", model.config), IDS, model).shape == (4, 32)


def test_heads_and_bias_sum_to_the_attentions_output() -> None:
    model = load(MODEL)
    heads = [value_at(parse_place(f"h.1.attn.head.{head}", model.config), IDS, model) for head in range(4)]
    total = sum(heads) + model["h.1.attn.c_proj.bias"]
    np.testing.assert_allclose(total, value_at(parse_place("h.1.attn", model.config), IDS, model), atol=1e-5)


def test_a_place_in_the_embeddings_runs_no_block() -> None:
    model = load(MODEL)
    np.testing.assert_array_equal(value_at(Place("hook_embed"), IDS, model), model["wte.weight"][IDS])
