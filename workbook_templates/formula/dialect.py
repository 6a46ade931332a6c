"""How each host stores a formula in the file.

Builders write formulas as a person reads them in Excel: `GPT2_EDIT(C9#,IF(edits="","",edits))`. What works only
with dynamic arrays is made by a method of `Dialect`, so that a host without them can write something else there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .parser import parse
from .printer import print_formula
from .stored import stored


@dataclass(frozen=True)
class Piece:
    """A formula, the number of columns reserved for its values, and how many stay free after them."""

    formula: str
    columns: int
    gap: int = 0


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
        return print_formula(stored(parse(text), self.prefix))

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

    def says(self, cells: str, text: str) -> str:
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

    def added(self, spill: str, other: str) -> str:
        """The sum of two spills, cell by cell."""
        return f"{spill}+{other}"

    def looked_up(self, table: str, rows: str, column: int) -> str:
        """The cells of a table in one column and these rows."""
        return f"INDEX({table},{rows},{column})"

    def body(self, table: str, *, columns: int = 0) -> str:
        """A spilled table without its header row and first `columns` columns; a negative count drops the last ones."""
        return f"DROP({table},1,{columns})" if columns else f"DROP({table},1)"

    def typed(self, cells: str) -> str:
        """Input cells as an argument of our functions: some builds of Excel pass 0 for a blank cell, but not for ""."""
        return f'IF({cells}="","",{cells})'

    def typed_over(self, cells: str, values: str) -> str:
        """The part of a grid of input cells that is as large as a spill of values."""
        return f"LET(e,TAKE({cells},ROWS({values}),COLUMNS({values})),{self.typed('e')})"

    def wrapped(self, values: str, rows: int, width: int) -> str:
        """A column of values laid out in rows of that width."""
        return f"WRAPROWS({values},{width})"

    def largest(self, table: str, width: int, count: int) -> list[Piece]:
        """The first and the last of `width` columns, name and value, in the rows whose values are furthest from 0."""
        ordered = f"LET(t,{table},s,SORTBY(t,ABS(INDEX(t,0,{width})),-1),"
        return [Piece(f"{ordered}HSTACK(TAKE(s,{count},1),TAKE(s,{count},-1)))", 2)]

    def beside(self, columns: Sequence[str], *, even: bool = True) -> list[Piece]:
        """Columns next to each other. Columns that are not `even`, of equal length, are filled up with blanks."""
        joined = f"HSTACK({','.join(columns)})"
        return [Piece(joined if even else f'IFERROR({joined},"")', len(columns))]

    def side_by_side(self, squares: Sequence[str], rows: str, reserved: int) -> list[Piece]:
        """Square spills of `rows` rows, `reserved` at most, next to each other, with an empty column after each."""
        joined = f"HSTACK({','.join(self._with_gap(square, rows, rows) for square in squares)})"
        return [Piece(joined, len(squares) * (reserved + 1))]

    def titles_side_by_side(self, titles: str, rows: str, count: int, reserved: int) -> list[Piece]:
        """A column of titles, transposed over each of `count` squares that `side_by_side` puts next to each other."""
        laid = f"LET(t,{self._with_gap(f'TRANSPOSE({titles})', '1', rows)},HSTACK({','.join('t' * count)}))"
        return [Piece(laid, count * (reserved + 1))]

    def names_side_by_side(self, cell: str, name: str, rows: str, count: int, reserved: int) -> list[Piece]:
        """A name and a number over the first column of each of those squares, which spill from the cell."""
        numbered = f'LET(x,{self.counted(cell)},d,{rows}+1,IF(MOD(x,d)=0,"{name} "&INT(x/d),""))'
        return [Piece(numbered, count * (reserved + 1))]

    def _with_gap(self, array: str, rows: str, columns: str) -> str:
        return f'EXPAND({array},{rows},{columns}+1,"")'
