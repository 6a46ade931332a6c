"""Ranges of cells, and their addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS
from workbook_templates.formula.ranges import (
    CellRange,
    cell_name,
    column_letters,
    column_number,
    parse_cell,
    quoted_sheet,
    split_sheet,
)


@given(st.integers(1, MAX_ROWS), st.integers(1, MAX_COLUMNS))
def test_a_cell_survives_its_name(row: int, column: int) -> None:
    assert parse_cell(cell_name(row, column)) == (row, column)


@pytest.mark.parametrize(("letters", "number"), [("A", 1), ("Z", 26), ("AA", 27), ("XFD", 16_384)])
def test_columns(letters: str, number: int) -> None:
    assert (column_number(letters), column_letters(number)) == (number, letters)


@pytest.mark.parametrize("text", ["", "A", "1", "A0", "XFE1", "A1048577", "A1:B2", "B-7", "Sheet!A1", "AAAA1"])
def test_texts_that_name_no_cell(text: str) -> None:
    assert parse_cell(text) is None


@pytest.mark.parametrize("text", ["", "A1:B", "x:A1", "A1:B2:C3"])
def test_texts_that_name_no_range(text: str) -> None:
    assert CellRange.parse(text) is None


def test_ranges() -> None:
    assert CellRange.parse("$B$3:A1") == CellRange(1, 1, 3, 2)
    assert CellRange.parse("c4") == CellRange(4, 3, 4, 3)
    assert str(CellRange(1, 1, 3, 2)) == "A1:B3"
    assert str(CellRange(4, 3, 4, 3)) == "C4"
    assert CellRange(1, 1, 3, 3).common(CellRange(3, 3, 5, 5)) == CellRange(3, 3, 3, 3)
    assert CellRange(1, 1, 3, 3).common(CellRange(4, 1, 5, 5)) is None


def test_parts_of_a_range() -> None:
    table = CellRange(7, 1, 10, 3)
    assert table.below(1) == CellRange(8, 1, 10, 3)
    assert table.column(3) == CellRange(7, 3, 10, 3)


@given(st.text(min_size=1, max_size=31).filter(lambda name: not set(name) & set(r"\/?*[]:")))
def test_a_sheet_name_survives_its_quotes(name: str) -> None:
    assert split_sheet(f"{quoted_sheet(name)}!A1") == (name, "A1")


def test_sheets_with_spaces_need_no_quotes_to_be_found() -> None:
    assert split_sheet("Block 5!C12") == ("Block 5", "C12")
    assert split_sheet("C12") == (None, "C12")


@pytest.mark.parametrize(("name", "quoted"), [("Head", "Head"), ("Block 5", "'Block 5'"), ("A1", "'A1'"), ("1", "'1'")])
def test_names_have_quotes_where_a_formula_needs_them(name: str, quoted: str) -> None:
    assert quoted_sheet(name) == quoted
