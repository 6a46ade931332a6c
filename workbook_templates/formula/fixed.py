"""Formulas without dynamic arrays: what spills elsewhere fills a range whose size is known when the file is written.

`C9#` becomes the address of all cells reserved for it. LET and SEQUENCE are written out. So the formulas work in every
spreadsheet program, and in Excel since 2007.
"""

from __future__ import annotations

from .dialect import Dialect
from .parser import parse
from .printer import print_formula
from .ranges import CellRange, column_letters, parse_cell
from .stored import stored, without_let
from .tree import MISSING, Call, Constant, Missing, Node, Reference, transform

_STATIC = "Start!"  # a tab without results in its upper left cells: a formula that counts over them depends on nothing


class FixedDialect(Dialect):
    """The dialect of one workbook, which records the size of every spill."""

    is_fixed = True

    def __init__(self, host: str, prefix: str = "") -> None:
        super().__init__(host, prefix)
        self._spills: dict[tuple[str, tuple[int, int]], CellRange] = {}

    def declare(self, tab: str, cell: str, rows: int, columns: int) -> None:
        place = parse_cell(cell)
        if place is None:
            raise ValueError(f"a spill must begin in a cell, not in {cell!r}")
        row, column = place
        self._spills[tab, place] = CellRange(row, column, row + rows - 1, column + columns - 1)

    def formula(self, text: str, tab: str = "", rows: int = 1, columns: int = 1) -> str:
        return print_formula(stored(self.fixed(text, tab), self.prefix))

    def fixed(self, text: str, tab: str) -> Node:
        """The formula's tree without spills, LET and SEQUENCE. Raises ValueError for a spill that was not declared."""

        def with_address(node: Node) -> Node:
            if not isinstance(node, Reference) or not node.spill:
                return node
            home, anchor = node.sheet or tab, node.range
            if (home, anchor[:2]) not in self._spills:
                raise ValueError(f"no formula spills from {home}!{anchor}, and {text} reads it")
            return Reference.to(node.sheet, self._spills[home, anchor[:2]])

        tree = parse(text)
        for mark, change in (("LET", without_let), ("#", with_address), ("SEQUENCE", _without_sequence)):
            if mark in text:  # most formulas have none of these
                tree = transform(tree, change)
        return tree


def _without_sequence(node: Node) -> Node:
    """SEQUENCE of constant size written out: the rows or columns of a range of that size."""
    if not isinstance(node, Call) or node.function != "SEQUENCE" or len(node.arguments) > 3:
        return node
    given = (*node.arguments, MISSING, MISSING)[:3]
    rows, columns, start = (1 if isinstance(number, Missing) else whole_number(number) for number in given)
    if rows is None or columns is None or start is None:
        return node
    if columns == 1:
        text = counting(rows)
    elif rows == 1:
        text = counting(columns, down=False)
    else:
        text = f"({counting(rows)}-1)*{columns}+{counting(columns, down=False)}"
    return parse(text if start == 1 else f"{text}{start - 1:+d}")


def whole_number(node: Node) -> int | None:
    """The number that an argument is, 0 if it is left out; None if it has to be computed."""
    if isinstance(node, Missing):
        return 0
    is_whole = isinstance(node, Constant) and type(node.value) is float and node.value.is_integer()
    return int(node.value) if is_whole else None  # type: ignore[union-attr]


def counting(count: int, *, down: bool = True) -> str:
    """1, 2, 3, ... one under the other, or side by side."""
    last = f"$A${count}" if down else f"${column_letters(count)}$1"
    return f"{'ROW' if down else 'COLUMN'}({_STATIC}$A$1:{last})"
