"""The workbook that computes a block twice: both ways agree, and an edit of one of them shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from addin.headless import Workbook
from tests.workbook_templates.values import recalculated
from workbook_templates import build

PROMPT, TOKENS = "Mike is quick.", 7


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    return recalculated(
        build("check", tmp_path_factory.mktemp("check"), tokens=TOKENS, model="tiny", host="headless", prompt=PROMPT)
    )


@pytest.fixture
def workbook(book: Workbook) -> Iterator[Workbook]:
    """The workbook, recalculated. Another prompt or model is undone."""
    yield book
    book.set("prompt", PROMPT)
    book.set("model_name", "tiny")
    book.recalculate()


def test_native_formulas_and_functions_agree_step_by_step(workbook: Workbook) -> None:
    steps = {row[0]: row for row in workbook.get_range("Result!A9:C19")}
    names = ["stream", "ln_1", "q, k, v", "mix", "attn c_proj", "add", "ln_2", "c_fc", "GELU", "mlp c_proj", "out"]
    assert list(steps) == names
    assert all(row[1] < 2e-6 * max(1, row[2]) for row in steps.values())
    assert all(row[2] > 0.1 for row in steps.values())
    assert workbook.get("largest_difference") == max(row[1] for row in steps.values())


def test_they_agree_for_another_prompt_and_an_edited_weight(workbook: Workbook) -> None:
    before = workbook.get("Native!H400"), workbook.get_range("Result!C9:C19")
    workbook.set("prompt", "One two three four five")
    workbook.set("model_name", "tiny ; set h.1.mlp.c_fc.bias[17] = 3.5")
    workbook.recalculate()
    assert workbook.get("largest_difference") < 1e-5
    assert (workbook.get("Native!H400"), workbook.get_range("Result!C9:C19")) != before


def test_in_float64_they_agree_almost_exactly(workbook: Workbook) -> None:
    workbook.set("model_name", "tiny ; float64")
    workbook.recalculate()
    assert 0 < workbook.get("largest_difference") < 1e-13


def test_an_edit_of_the_native_side_shows(workbook: Workbook) -> None:
    labels = workbook.get_range("Native!B1:B60")
    row = next(number for number, (label,) in enumerate(labels, start=1) if label == "your edits") + 2
    workbook.set(f"Native!E{row}", 9.0)
    workbook.recalculate()
    assert workbook.get("largest_difference") > 0.1
    workbook.set(f"Native!E{row}", None)


def test_changing_a_weight_has_the_effect_that_start_describes(workbook: Workbook) -> None:
    typed = next(value for row in workbook.get_range("Start!C1:C80") for value in row if " ; set " in str(value))
    before = workbook.get_range("Result!C9:C19")
    workbook.set("Prompt!B7", str(typed).removeprefix("Type:  "))
    workbook.recalculate()
    assert workbook.get("largest_difference") < 1e-5
    assert workbook.get_range("Result!C9:C19") != before


@pytest.mark.parametrize(
    ("cell", "value", "line"),
    [
        ("prompt", None, "the prompt is empty"),
        ("prompt", "one two three four five six seven eight", "room for 7 tokens"),
        ("model_name", "demo", "3 blocks of 4 heads"),
        ("model_name", "no such", "'no such'"),
    ],
)
def test_a_message_replaces_the_difference(workbook: Workbook, cell: str, value: str | None, line: str) -> None:
    workbook.set(cell, value)
    workbook.recalculate()
    message = str(workbook.get("largest_difference"))
    assert message.startswith("#GPT2! ")
    assert line in message
    workbook.set(cell, {"prompt": PROMPT, "model_name": "tiny"}[cell])
    workbook.recalculate()
    assert float(str(workbook.get("largest_difference"))) < 1e-5
