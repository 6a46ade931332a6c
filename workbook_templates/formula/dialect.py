"""How each host stores a formula in the file.

Builders write formulas as a person reads them in Excel: `GPT2_EDIT(C9#,IF(edits="","",edits))`. What works only
with dynamic arrays is made by a method of `Dialect`, so that a host without them can write something else there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .parser import parse
from .printer import print_formula
from .stored import stored


@dataclass(frozen=True)
class Piece:
    """A formula, and the number of columns reserved for its values."""

    formula: str
    columns: int


class Dialect:
    """One host's way of writing formulas."""

    is_fixed = False  # whether a spill's size must be known when the file is written
    usual_tokens = 32  # rows that are reserved for tokens

    def __init__(self, host: str, prefix: str) -> None:
        self.host, self.prefix = host, prefix

    def declare(self, tab: str, cell: str, rows: int, columns: int) -> None:
        """Records how many cells are reserved for what spills from a cell."""

    def formula(self, text: str, tab: str = "", rows: int = 1, columns: int = 1) -> str:
        """A formula as it reads in Excel, turned into what the file must hold for it on that tab.

        rows, columns: how many cells are reserved for its values

        Raises FormulaError if the text is not a formula.
        """
        return _stored_text(text, self.prefix)

    def rows(self, spill: str) -> str:
        """The number of rows of a spill."""
        return f"ROWS({spill})"

    def columns(self, spill: str) -> str:
        """The number of columns of a spill."""
        return f"COLUMNS({spill})"

    def is_filled(self, cells: str) -> str:
        """Whether a cell, or each of several, is not blank."""
        return f'{cells}<>""'

    def is_blank(self, cells: str) -> str:
        """Whether a cell, or each of several, is blank."""
        return f'{cells}=""'

    def has_text(self, cells: str, text: str) -> str:
        """Whether a cell, or each of several, holds that text."""
        return f'{cells}="{text}"'

    def largest_difference(self, values: str, others: str) -> str:
        """The largest difference between two ranges, over the cells where the second has a number."""
        return f"MAX(ABS({values}-{others}))"

    def are_equal(self, text: str, other: str) -> str:
        """Whether two texts are the same."""
        return f"EXACT({text},{other})"

    def found(self, key: str, table: str, column: int) -> str:
        """The cell in that column of the row of the table that begins with the key, a text."""
        return f"VLOOKUP({key},{table},{column},FALSE)"

    def last_row(self, spill: str) -> str:
        """The last row of a spill."""
        return f"INDEX({spill},{self.rows(spill)},0)"

    def counted(self, cell: str, *, down: bool = False) -> str:
        """The numbers, from 0, of the columns (or rows) of what spills from a cell."""
        which = "ROW" if down else "COLUMN"
        return f"{which}({cell}#)-{which}({cell})"

    def looked_up(self, table: str, rows: str, column: int) -> str:
        """The cells of a table in one column and these rows."""
        return f"INDEX({table},{rows},{column})"

    def part(self, table: str, first: int, last: int, *, above: int = 0) -> str:
        """The columns `first` to `last` of a table, counted from 1, without the first `above` rows, such as its header.

        table: a spill, a call, or the LET variable that holds its value
        """
        rows = f"SEQUENCE(ROWS({table})-{above},,{above + 1})" if above else f"SEQUENCE(ROWS({table}))"
        columns = str(first) if first == last else "{" + ",".join(map(str, range(first, last + 1))) + "}"
        return f"INDEX({table},{rows},{columns})"

    def typed(self, cells: str) -> str:
        """Input cells as an argument of our functions: some builds of Excel pass 0 for a blank cell, but not for ""."""
        return f'IF({cells}="","",{cells})'

    def largest(self, names: str, values: str, count: int) -> list[Piece]:
        """The `count` values furthest from 0, from a column of values, beside their names."""
        ordered = (f"SORTBY({cells},ABS({values}),-1)" for cells in (names, values))
        return [Piece(f"INDEX({cells},SEQUENCE({count}))", 1) for cells in ordered]


@lru_cache(maxsize=16_384)  # workbooks for several programs or models have mostly the same formulas
def _stored_text(formula: str, prefix: str) -> str:
    return print_formula(stored(parse(formula), prefix))
