from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addin.headless.address import (
    MAX_COLUMN,
    MAX_ROW,
    Rect,
    cell_name,
    column_letters,
    column_number,
    parse_cell,
    parse_rect,
    quoted_sheet,
    rect_name,
    split_sheet,
)


@given(st.integers(1, MAX_ROW), st.integers(1, MAX_COLUMN))
def test_a_cell_survives_its_name(row: int, column: int) -> None:
    assert parse_cell(cell_name(row, column)) == (row, column)


@pytest.mark.parametrize(("letters", "number"), [("A", 1), ("Z", 26), ("AA", 27), ("XFD", 16_384)])
def test_columns(letters: str, number: int) -> None:
    assert (column_number(letters), column_letters(number)) == (number, letters)


@pytest.mark.parametrize("text", ["", "A", "1", "A0", "XFE1", "A1048577", "A1:B2", "B-7", "Sheet!A1", "AAAA1"])
def test_no_cell(text: str) -> None:
    assert parse_cell(text) is None


@pytest.mark.parametrize("text", ["", "A1:B", "x:A1", "A1:B2:C3"])
def test_no_rectangle(text: str) -> None:
    assert parse_rect(text) is None


def test_rectangles() -> None:
    assert parse_rect("$B$3:A1") == Rect(1, 1, 3, 2)
    assert parse_rect("c4") == Rect(4, 3, 4, 3)
    assert rect_name(Rect(1, 1, 3, 2)) == "A1:B3"
    assert rect_name(Rect(4, 3, 4, 3)) == "C4"
    assert Rect(1, 1, 3, 3).common(Rect(3, 3, 5, 5)) == Rect(3, 3, 3, 3)
    assert Rect(1, 1, 3, 3).common(Rect(4, 1, 5, 5)) is None


@given(st.text(min_size=1, max_size=31).filter(lambda name: not set(name) & set(r"\/?*[]:")))
def test_a_sheet_name_survives_its_quotes(name: str) -> None:
    assert split_sheet(f"{quoted_sheet(name)}!A1") == (name, "A1")


def test_sheets_with_spaces_need_no_quotes() -> None:
    assert split_sheet("Block 5!C12") == ("Block 5", "C12")
    assert split_sheet("C12") == (None, "C12")
