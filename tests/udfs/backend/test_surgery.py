from __future__ import annotations

import numpy as np
import pytest

from udfs.backend import forward
from udfs.backend.errors import ModelError
from udfs.backend.library import load
from udfs.backend.places import parse_place, value_at

IDS = [464, 3797, 3332, 319]


def test_set_changes_one_weight_and_shares_the_others() -> None:
    plain, edited = load("tiny"), load("tiny ; set h.1.mlp.c_fc.weight[3, 17] = 0.5")
    changed = edited["h.1.mlp.c_fc.weight"] != plain["h.1.mlp.c_fc.weight"]
    assert np.argwhere(changed).tolist() == [[3, 17]]
    assert edited["h.1.mlp.c_fc.weight"][3, 17] == 0.5
    assert all(edited[name] is plain[name] for name in plain.tensors if name != "h.1.mlp.c_fc.weight")


def test_operations_are_made_in_their_order() -> None:
    first = load("tiny ; set h.0.mlp.c_proj.bias[2] = 3 ; scale h.0.mlp by 2")
    last = load("tiny ; scale h.0.mlp by 2 ; set h.0.mlp.c_proj.bias[2] = 3")
    assert first["h.0.mlp.c_proj.bias"][2] == 6
    assert last["h.0.mlp.c_proj.bias"][2] == 3


@pytest.mark.parametrize("half", ["attn", "mlp"])
def test_a_scaled_half_adds_that_much_more(half: str) -> None:
    plain, edited = load("tiny"), load(f"tiny ; scale h.1.{half} by -2.5")
    place = parse_place(f"h.1.{half}", plain.config)
    before = forward.trace(IDS, plain)["blocks.1.hook_resid_pre"]
    np.testing.assert_array_equal(before, forward.trace(IDS, edited)["blocks.1.hook_resid_pre"])
    if half == "attn":  # the MLP reads what attention wrote, so only attention's own input is the same
        np.testing.assert_allclose(value_at(place, IDS, edited), -2.5 * value_at(place, IDS, plain), atol=1e-5)
    assert not np.allclose(forward.forward(IDS, plain), forward.forward(IDS, edited))


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
    np.testing.assert_array_equal(forward.forward(IDS, plain), forward.forward(IDS, edited))


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ("set h.9.ln_1.bias[0] = 1", "parameter must be a tensor such as h.0.attn.c_attn.weight, not 'h.9.ln_1.bias'"),
        ("set ln_f.bias[32] = 1", "index of ln_f.bias must be 0 to 31, not 32"),
        ("set wpe.weight[64, 0] = 1", "row of wpe.weight must be 0 to 63, not 64"),
        ("set wpe.weight[0, 32] = 1", "column of wpe.weight must be 0 to 31, not 32"),
        ("set wpe.weight[0] = 1", "wpe.weight must be given as wpe.weight[row, column]"),
        ("set ln_f.bias[0, 0] = 1", "ln_f.bias must be given as ln_f.bias[index]"),
        ("scale h.3.attn by 0", "layer must be 0 to 2, not 3"),
        ("scale h.0.attn.head.4 by 0", "head must be 0 to 3, not 4"),
        ("scale h.0.ln_1 by 0", "scale takes h.9.attn.head.1, h.9.attn or h.9.mlp, not 'h.0.ln_1'"),
    ],
)
def test_what_cannot_be_done_is_said(clause: str, message: str) -> None:
    with pytest.raises(ModelError) as error:
        load(f"tiny ; {clause}")
    assert str(error.value) == message
