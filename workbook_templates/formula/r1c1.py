"""Recognizes formulas that were filled into other cells: in R1C1 notation they read the same in all of them."""

from __future__ import annotations

import re
from typing import NamedTuple

from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS

from .parser import RANGE_KINDS, WORDS, corner
from .ranges import column_number
from .tree import Corner

_WORD = re.compile("|".join((*WORDS, ":")))
_MARK = "\0"  # before each reference: XML cannot hold it, so no name in a formula can look like a reference


def r1c1(formula: str, row: int, column: int) -> str | None:
    """The formula of a cell in R1C1 notation: `A5*$B$1` in C5 is `RC[-2]*R1C2`, with a mark before each reference.

    None if the shape of a range depends on the cell: in `SUM(A$1:A5)`, and if a formula joins ranges with `:`.
    """
    pieces: list[str] = []
    end = 0
    for token in _WORD.finditer(formula):
        if token.lastgroup in RANGE_KINDS:
            reference = _reference(token[0], row, column)
            if reference is None:
                return None
            pieces += formula[end : token.start()], reference
            end = token.end()
        elif token[0] == ":":
            return None
    return "".join([*pieces, formula[end:]])


class FilledDown(NamedTuple):
    """A formula as it reads in the rows below: `pattern` has `%d` for each row that moves, `rows` are these rows as
    seen from the formula's own row."""

    pattern: str
    rows: tuple[int, ...]

    @classmethod
    def of(cls, formula: str, row: int) -> FilledDown:
        """The formula of a cell in that row. It must have a form in R1C1 notation."""
        pieces: list[str] = []
        rows: list[int] = []
        end = 0
        for token in _WORD.finditer(formula):
            if token.lastgroup in RANGE_KINDS and _reference(token[0], row, 1) != token[0]:
                corners = [_corner_below(text, row) for text in token[0].split(":")]
                pieces += _escaped(formula[end : token.start()]), ":".join(text for text, _ in corners)
                rows += [moved for _, moved in corners if moved is not None]
                end = token.end()
        return cls("".join([*pieces, _escaped(formula[end:])]), tuple(rows))

    def in_row(self, row: int) -> str:
        """The formula in another row of the same column."""
        return self.pattern % tuple([row + moved for moved in self.rows])


def _corner_below(text: str, row: int) -> tuple[str, int | None]:
    """A corner of a range with `%d` for a row that moves, and that row as seen from the formula's."""
    place = corner(text)
    if place.row is None or place.fixed_row:
        return text, None
    return text.rstrip("0123456789") + "%d", place.row - row


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _reference(text: str, row: int, column: int) -> str | None:
    """A cell or range in R1C1 notation. None if one of its corners is fixed and the other is not."""
    letters = text.rstrip("0123456789")
    if letters.isalpha():  # a cell without `$`, as most are
        down, across = int(text[len(letters) :]), column_number(letters)
        return f"{_MARK}R[{down - row}]C[{across - column}]" if across <= MAX_COLUMNS and down <= MAX_ROWS else text
    first, _, last = text.partition(":")
    start, end = corner(first), corner(last or first)
    if (start.fixed_row, start.fixed_column) != (end.fixed_row, end.fixed_column):
        return None
    if not (_is_on_sheet(start) and _is_on_sheet(end)):
        return text  # a name, such as LOG100: the last column is XFD
    shown = _corner(start, row, column)
    return f"{_MARK}{shown}:{_corner(end, row, column)}" if last else _MARK + shown


def _corner(place: Corner, row: int, column: int) -> str:
    down = "" if place.row is None else f"R{place.row}" if place.fixed_row else f"R[{place.row - row}]"
    across = "" if place.column is None else f"C{place.column}" if place.fixed_column else f"C[{place.column - column}]"
    return down + across


def _is_on_sheet(place: Corner) -> bool:
    return (place.row or 1) <= MAX_ROWS and (place.column or 1) <= MAX_COLUMNS
