"""A text of any length and content, in any argument of any function, is a result or one short line without a path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import udfs
from tests.udfs.example_calls import MODEL, WORKING, arguments_of
from udfs.cells import ERROR_MARK, FUNCTIONS, CellError

_LONG = 5_000
TEXTS = (
    "x" * _LONG,
    "../" * 1_500,
    "..",
    "/etc/passwd",
    "C:\\Windows",
    "a\0b",
    "\ud83d",
    "[" * _LONG,
    "9" * _LONG,
    "h." + "9" * _LONG,
    f"sae({'9' * 300}, 1)",
)
MODEL_TEXTS = (
    "tiny" + " ; bos" * 2_000,
    "tiny ; mean h.0.attn over " + "[" * _LONG,
    "tiny ; add 1 * contrast(" + "[" * _LONG + ") to h.1",
    "tiny ; add 1 * contrast(" + "(" * _LONG,
    "tiny ; set " + "x" * _LONG,
    "tiny ; set " + "x" * _LONG + "[1] = 2",
    "tiny ; scale h.0.attn by " + "9" * _LONG,
    "tiny ; scale " + " " * _LONG,
    "tiny ; scale h.0.attn.head." + "9" * _LONG + " by 2",
    "tiny ; set ln_f.bias[" + "9" * _LONG + "] = 2",
    "tiny ; add 1 * sae(1, 0) to h.1 at " + "9" * _LONG,
)


def check(name: str, argument: str, text: str, models_folder: Path) -> None:
    """Calls a function with one argument changed to a text."""
    cells = {"model": MODEL} | WORKING[name] | {argument: text}
    rows = FUNCTIONS[name.upper()].answer([cells.get(other) for other in arguments_of(name)])
    if isinstance(rows, np.ndarray) or not str(rows[0][0]).startswith(ERROR_MARK):
        return
    line = rows[0][0]
    assert "a bug" not in line, (argument, line)
    assert "Error" not in line, (argument, line)
    assert "\n" not in line
    assert len(line) < 400, (argument, line)
    assert str(models_folder.parent) not in line
    assert str(Path(udfs.__file__).parent) not in line


@pytest.mark.parametrize("name", WORKING)
def test_hostile_texts(name: str, models_folder: Path) -> None:
    for argument in arguments_of(name):
        for text in TEXTS:
            check(name, argument, text, models_folder)


@pytest.mark.parametrize(
    ("name", "argument"),
    [("gpt2_divergence", "reference"), ("gpt2_model", "name"), ("gpt2_predict", "model"), ("gpt2_speculate", "draft")],
)
def test_hostile_model_texts(name: str, argument: str, models_folder: Path) -> None:
    for text in MODEL_TEXTS:
        check(name, argument, text, models_folder)


def test_a_long_name_is_quoted_in_part() -> None:
    with pytest.raises(CellError) as error:
        udfs.gpt2_predict("hello", model="x" * _LONG)
    assert str(error.value) == f"model must be one on this machine (demo, tiny), not '{'x' * 59}..."
