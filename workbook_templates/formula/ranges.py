"""Rectangles of cells and their A1 addresses. Rows and columns count from 1, as a spreadsheet shows them."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from xlsxwriter.utility import quote_sheetname

from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS

_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6})")


class CellRange(NamedTuple):
    """A rectangle of cells. All four edges belong to it."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def cell(cls, row: int, column: int) -> CellRange:
        """The range of one cell."""
        return cls(row, column, row, column)

    @classmethod
    def parse(cls, text: str) -> CellRange | None:
        """The range `B7`, `$B$7` or `A1:C3`, whose corners may come in any order; None for any other text."""
        first, _, second = text.partition(":")
        a, b = parse_cell(first), parse_cell(second or first)
        if a is None or b is None:
            return None
        return cls(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))

    def __str__(self) -> str:
        """`A1:C3`, or `A1` for a single cell."""
        first = cell_name(self.top, self.left)
        return first if self.area == 1 else f"{first}:{cell_name(self.bottom, self.right)}"

    @property
    def height(self) -> int:
        return self.bottom - self.top + 1

    @property
    def width(self) -> int:
        return self.right - self.left + 1

    @property
    def area(self) -> int:
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)

    def holds(self, row: int, column: int) -> bool:
        """Whether the range contains the cell."""
        return self.top <= row <= self.bottom and self.left <= column <= self.right

    def meets(self, other: CellRange) -> bool:
        """Whether the two ranges share a cell."""
        return (
            self.top <= other.bottom
            and other.top <= self.bottom
            and self.left <= other.right
            and other.left <= self.right
        )

    def common(self, other: CellRange) -> CellRange | None:
        """The cells that the two ranges share; None if they share none."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        bottom, right = min(self.bottom, other.bottom), min(self.right, other.right)
        return CellRange(top, left, bottom, right) if top <= bottom and left <= right else None

    def around(self, other: CellRange) -> CellRange:
        """The smallest range that contains both."""
        return CellRange(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def below(self, rows: int) -> CellRange:
        """The range without its first `rows` rows."""
        return self._replace(top=self.top + rows)

    def column(self, number: int) -> CellRange:
        """One of its columns, counted from 1."""
        return CellRange(self.top, self.left + number - 1, self.bottom, self.left + number - 1)


@cache
def column_letters(column: int) -> str:
    """1 -> A, 27 -> AA."""
    letters = ""
    while column:
        column, digit = divmod(column - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


@cache
def column_number(letters: str) -> int:
    """A -> 1, AA -> 27. Raises ValueError if the text is not letters."""
    if not (letters.isascii() and letters.isalpha()):
        raise ValueError(f"a column must be letters, not {letters!r}")
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def cell_name(row: int, column: int) -> str:
    """(7, 2) -> B7."""
    return f"{column_letters(column)}{row}"


def parse_cell(text: str) -> tuple[int, int] | None:
    """(row, column) of `B7` or `$B$7`; None if the text is not the address of a cell."""
    match = _CELL.fullmatch(text)
    if not match:
        return None
    row, column = int(match[2]), column_number(match[1])
    return (row, column) if row <= MAX_ROWS and column <= MAX_COLUMNS else None


def split_sheet(text: str) -> tuple[str | None, str]:
    """`'It''s'!A1` -> (`It's`, `A1`), `Block 5!A1` -> (`Block 5`, `A1`), `A1` -> (None, `A1`)."""
    sheet, mark, cell = text.rpartition("!")
    return (unquoted_sheet(sheet), cell) if mark else (None, text)


def unquoted_sheet(text: str) -> str:
    """`'It''s'` -> `It's`."""
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return text


def quoted_sheet(name: str) -> str:
    """A sheet's name as formulas write it, in quotes where it needs them: `Head`, `'Block 5'`."""
    if name.startswith("'"):  # XlsxWriter would take the name for one that has its quotes
        return "'" + name.replace("'", "''") + "'"
    return str(quote_sheetname(name))
