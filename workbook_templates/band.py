"""The values of one step of the model, a row for each token, and how formulas refer to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbook_templates.range import Range


@dataclass(frozen=True)
class Band:
    """The values of a step: a row for each token.

    cells: all cells reserved for them
    spills: whether they spill from the first cell, so that `C9#` is all of them
    fixed: whether they fill all reserved cells; what rows without a token hold has no meaning
    """

    cells: Range
    spills: bool
    fixed: bool

    @property
    def cell(self) -> str:
        """The first cell, on its own tab. An error message appears here instead of the values."""
        return self.cells.first

    @property
    def place(self) -> str:
        """The first cell, from another tab."""
        return self.cells.rows(0, 1).columns(0, 1).there

    @property
    def row(self) -> int:
        return self.cells.row

    @property
    def spill(self) -> str:
        """All its values, on its own tab."""
        if self.fixed:
            return self.cells.here
        return f"{self.cell}#" if self.spills else used(self.cells)

    @property
    def spill_outside(self) -> str:
        """All its values, from another tab."""
        if self.fixed:
            return self.cells.there
        return f"{self.place}#" if self.spills else used_outside(self.cells)

    def columns(self, first: int, count: int) -> Band:
        """Some of its columns; `first` is counted from 0."""
        return Band(self.cells.columns(first, count), False, self.fixed)

    @property
    def of_tokens(self) -> str:
        """The rows that have a token, on its own tab."""
        return used(self.cells) if self.fixed else self.spill

    @property
    def of_tokens_outside(self) -> str:
        """The rows that have a token, from another tab."""
        return used_outside(self.cells) if self.fixed else self.spill_outside

    @property
    def last(self) -> str:
        """The row of the last token."""
        return f"INDEX({self.spill},token_count,0)"

    def of_last(self, channel: int) -> str:
        """One channel of the last token."""
        return f"INDEX({self.spill},token_count,{channel + 1})"


def used(cells: Range, count: str = "token_count") -> str:
    """The rows of a range that have a token. The whole range is named, so that programs see what the formula reads."""
    if cells.height == 1:
        return cells.here
    return f"{cells.first}:INDEX({cells.here},{count},{cells.width})"


def used_outside(cells: Range, count: str = "token_count") -> str:
    """As `used`, from another tab."""
    return f"{cells.rows(0, 1).columns(0, 1).there}:INDEX({cells.there},{count},{cells.width})"


def unless_error(cells: Sequence[str], formula: str) -> str:
    """A native formula that passes on an error message in a cell that it reads."""
    for cell in reversed(cells):
        formula = f"IF(ISTEXT({cell}),{cell},{formula})"
    return formula


def channel_numbers(width: int) -> str:
    """The numbers of the channels, from 0."""
    return f"SEQUENCE(1,{width},0)"
