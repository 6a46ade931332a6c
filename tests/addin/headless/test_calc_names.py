"""LibreOffice's workbooks: our functions under its names, in array formulas of fixed size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import udfs
from addin.headless import Workbook
from tests.same_cells import is_same
from workbook_templates import build

Make = Callable[..., Path]

PROMPT, SHORT_PROMPT = "If today is Tuesday, tomorrow is", "Mike is quick. He"
ROOM = 7


@pytest.fixture
def calculated(make: Make) -> Callable[[dict[str, Any]], Workbook]:
    """A sheet recalculated with all functions of `udfs`."""

    def calculate(cells: dict[str, Any]) -> Workbook:
        book = Workbook.open(make({"S": cells}))
        book.recalculate()
        return book

    return calculate


def test_rows_beyond_the_result_are_blank(calculated: Callable[..., Workbook]) -> None:
    book = calculated({"A1": "a b", "A3:D6": "{=ORG.GPT2EXCEL.GPT2TOKENIZE(A1,,4,4)}"})
    table = udfs.gpt2_tokenize("a b")
    assert book.get_range("S!A3:D6") == [*([*row, ""] for row in table), [""] * 4]


def test_without_a_size_the_result_is_unchanged(calculated: Callable[..., Workbook]) -> None:
    book = calculated({"A1": "a b", "A3:D6": "{=ORG.GPT2EXCEL.GPT2TOKENIZE(A1)}", "F1": "-=ORG.GPT2EXCEL.GPT2GELU(0)"})
    assert book.get_range("S!A5:D6") == [[*udfs.gpt2_tokenize("a b")[2], "#N/A"], ["#N/A"] * 4]
    assert book.get("S!F1") == 0


def test_a_message_is_in_the_first_cell_only(calculated: Callable[..., Workbook]) -> None:
    wrong = {"A1:B2": "{=ORG.GPT2EXCEL.GPT2EMBED(-1,,2,2)}", "D1": "-=ORG.GPT2EXCEL.GPT2GELU(1,-1,1)"}
    book = calculated(wrong)
    assert book.get_range("S!A1:B2") == [["#GPT2! ids must be whole numbers 0 to 50256, not -1", ""], ["", ""]]
    assert book.get("S!D1") == "#GPT2! array_rows must be a whole number of at least 1, not -1"


@pytest.mark.parametrize("template", ["anatomy", "mri"])
def test_a_workbook_for_libreoffice_has_the_same_cells(template: str, tmp_path: Path) -> None:
    books = [
        Workbook.open(build(template, tmp_path / host, host=host, tokens=ROOM, prompt=PROMPT, model="tiny"))
        for host in ("calc", "headless")
    ]
    for book in books:
        book.recalculate()
    assert books[0].not_calculated == []
    for tab in books[0].sheet_names:
        for rows in zip(*(book.get_range(f"'{tab}'!A1:CZ110") for book in books), strict=True):
            row, expected = ([None if cell == "" else cell for cell in cells] for cells in rows)
            assert row == expected or all(map(is_same, row, expected)), tab
    for book in books:
        book.set("prompt", SHORT_PROMPT)
        book.recalculate()
    assert books[0].get_range("next_tokens") == books[1].get_range("next_tokens")
