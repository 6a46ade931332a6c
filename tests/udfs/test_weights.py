from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

import udfs
from udfs.backend.catalogue import load
from udfs.cells import CellError


@pytest.mark.parametrize(
    ("name", "surgery", "text"),
    [
        ("tiny", None, "tiny"),
        (" tiny;bos ", None, "tiny ; bos"),
        ("tiny", [["what", "where", "amount", "positions"], [None, None, None, None]], "tiny"),
        (
            "tiny ; bos",
            [
                ["what", "where", "amount", "positions"],
                ["set", "h.0.mlp.c_fc.bias[17]", 0.5, None],
                [None, None, None, None],
                ["scale", "h.1.attn.head.1", 0, None],
            ],
            "tiny ; bos ; set h.0.mlp.c_fc.bias[17] = 0.5 ; scale h.1.attn.head.1 by 0",
        ),
        ("tiny ; scale h.0.mlp by 2", [["scale", "h.1.mlp", "-1"]], "tiny ; scale h.0.mlp by 2 ; scale h.1.mlp by -1"),
    ],
)
def test_the_model_text(name: str, surgery: object, text: str) -> None:
    assert udfs.gpt2_model(name, surgery) == text
    assert udfs.gpt2_model(text) == text


_VERBS = "surgery must have set, scale, mean, add, clamp or remove in column 1 of row 1"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["scale", "h.0.attn", 0, "last"], "surgery must leave positions blank in row 1: scale takes none, not 'last'"),
        (["", "", "", "last"], f"{_VERBS}, not ''"),
        ([*["x"] * 4, "more"], "surgery must have the columns what, where, amount, positions, not 5 columns"),
        (
            ["cut", "h.0.attn", 0],
            f"{_VERBS}, not 'cut'",
        ),
        (["set", "h.0.attn", None], "'set h.0.attn = ?'"),
        (["scale", "h.0.attn", None], "'scale h.0.attn by ?' needs a finite number, not '?'"),
        (["scale", "h.7.attn", 0], "layer must be 0 to 2, not 7"),
        (["set", "h.0.mlp.c_fc.bias[999]", 0], "index of h.0.mlp.c_fc.bias must be 0 to 127, not 999"),
    ],
)
def test_a_row_that_cannot_be_applied(row: list[object], message: str) -> None:
    with pytest.raises(CellError) as error:
        udfs.gpt2_model("tiny", [row])
    assert message in str(error.value)


def test_info_and_parameters(models_folder: Path) -> None:
    facts = dict(udfs.gpt2_info("tiny"))
    file = models_folder / "tiny" / "model.safetensors"
    assert facts["layers (n_layer)"] == 3
    assert facts["SHA-256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert facts["note"] is None
    assert "teaching model" in dict(udfs.gpt2_info("demo"))["note"]
    parameters = udfs.gpt2_parameters("tiny")
    assert facts["parameters"] == sum(rows * columns for _, rows, columns in parameters[1:])
    assert ["h.0.ln_1.bias", 1, 32] in parameters
    assert not any(str(models_folder) in str(fact) for fact in facts.values())


def test_a_piece_of_a_tensor() -> None:
    tensor = load("tiny")["h.1.mlp.c_fc.weight"]
    np.testing.assert_array_equal(udfs.gpt2_weight("h.1.mlp.c_fc.weight", model="tiny"), tensor)
    piece = udfs.gpt2_weight("h.1.mlp.c_fc.weight", 3, 2, 5, 4, "tiny")
    np.testing.assert_array_equal(piece, tensor[3:5, 5:9])
    assert udfs.gpt2_weight("h.1.mlp.c_fc.bias", model="tiny").shape == (1, 128)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("h.1.ln_1.bias", 1), "row must be 0 to 0 for h.1.ln_1.bias, not 1"),
        (("wpe.weight", 60, 5), "rows must be 1 to 4 from row 60 of wpe.weight, not 5"),
        (("wpe.weight", 0, 1, 30, 3), "columns must be 1 to 2 from column 30 of wpe.weight, not 3"),
        (("wte.weight",), "rows x columns must be at most 1000000 cells, 16384 columns, not 50257 x 32"),
    ],
)
def test_a_piece_outside_the_tensor(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(CellError) as error:
        udfs.gpt2_weight(*arguments, model="tiny")
    assert str(error.value) == message


def test_an_edit_shows_in_the_weights() -> None:
    text = udfs.gpt2_model("tiny", [["set", "wpe.weight[3, 4]", 9]])
    assert udfs.gpt2_weight("wpe.weight", 3, 1, 4, 1, text).tolist() == [[9]]
