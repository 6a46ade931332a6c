"""Cell addresses: `A1` text to numbers and back. Rows and columns count from 1, as a spreadsheet shows them."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

MAX_ROW = 1_048_576
MAX_COLUMN = 16_384

_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6})")


class Rect(NamedTuple):
    """A rectangle of cells, all four edges inside it."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top + 1

    @property
    def width(self) -> int:
        return self.right - self.left + 1

    @property
    def area(self) -> int:
        return self.height * self.width

    def holds(self, row: int, column: int) -> bool:
        return self.top <= row <= self.bottom and self.left <= column <= self.right

    def meets(self, other: Rect) -> bool:
        """True where both have a cell in common."""
        return (
            self.top <= other.bottom
            and other.top <= self.bottom
            and self.left <= other.right
            and other.left <= self.right
        )

    def common(self, other: Rect) -> Rect | None:
        """The part that both cover, None where they do not touch."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        bottom, right = min(self.bottom, other.bottom), min(self.right, other.right)
        return Rect(top, left, bottom, right) if top <= bottom and left <= right else None

    def around(self, other: Rect) -> Rect:
        """The smallest rectangle that covers both."""
        return Rect(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


def cell_rect(row: int, column: int) -> Rect:
    return Rect(row, column, row, column)


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
    """A -> 1, AA -> 27. Raises ValueError for anything but letters."""
    if not (letters.isascii() and letters.isalpha()):
        raise ValueError(f"no column: {letters!r}")
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def cell_name(row: int, column: int) -> str:
    return f"{column_letters(column)}{row}"


def rect_name(rect: Rect) -> str:
    """`A1:C3`, or `A1` for a single cell."""
    first = cell_name(rect.top, rect.left)
    return first if rect.area == 1 else f"{first}:{cell_name(rect.bottom, rect.right)}"


def parse_cell(text: str) -> tuple[int, int] | None:
    """(row, column) of `B7` or `$B$7`; None where the text is no cell of a sheet."""
    match = _CELL.fullmatch(text)
    if not match:
        return None
    row, column = int(match[2]), column_number(match[1])
    return (row, column) if row <= MAX_ROW and column <= MAX_COLUMN else None


def parse_rect(text: str) -> Rect | None:
    """Rectangle of `B7`, `$B$7` or `A1:C3` (corners in any order); None where the text is neither."""
    first, _, second = text.partition(":")
    a, b = parse_cell(first), parse_cell(second or first)
    if a is None or b is None:
        return None
    return Rect(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))


def split_sheet(text: str) -> tuple[str | None, str]:
    """`'It''s'!A1` -> (`It's`, `A1`), `Block 5!A1` -> (`Block 5`, `A1`), `A1` -> (None, `A1`)."""
    sheet, mark, cell = text.rpartition("!")
    if not mark:
        return None, text
    if len(sheet) > 1 and sheet[0] == sheet[-1] == "'":
        sheet = sheet[1:-1].replace("''", "'")
    return sheet, cell


def quoted_sheet(name: str) -> str:
    """A sheet's name as a formula writes it."""
    return "'" + name.replace("'", "''") + "'"
