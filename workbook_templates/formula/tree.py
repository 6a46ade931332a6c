"""A formula as a tree.

The tree keeps everything in a formula except white space: `$` marks, redundant parentheses, names as they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from operator import is_
from typing import TypeAlias

from udfs import excel_errors
from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS

from .ranges import CellRange


@dataclass(frozen=True)
class Constant:
    """A number, a text, TRUE or FALSE."""

    value: float | str | bool


@dataclass(frozen=True)
class Error:
    """An error value such as `#N/A`."""

    text: str


@dataclass(frozen=True)
class Array:
    """An array constant: `{1,2;3,4}`."""

    rows: tuple[tuple[Constant | Error, ...], ...]


@dataclass(frozen=True)
class Missing:
    """An argument left out between two commas."""


@dataclass(frozen=True)
class Corner:
    """A corner of a range, such as `$B3`. `row` is None in `B:B`, `column` in `3:3`. A `$` fixes a row or column."""

    row: int | None
    column: int | None
    fixed_row: bool = False
    fixed_column: bool = False

    def moved(self, rows: int, columns: int) -> Corner:
        """The corner in a formula copied this many rows down and columns to the right."""
        row = self.row if self.row is None or self.fixed_row else self.row + rows
        column = self.column if self.column is None or self.fixed_column else self.column + columns
        return replace(self, row=row, column=column)


@dataclass(frozen=True)
class Reference:
    """A cell or a range. `sheet` is None on the formula's own sheet; with `spill` it is what spills from its cell."""

    sheet: str | None
    first: Corner
    last: Corner | None = None
    spill: bool = False

    @cached_property
    def range(self) -> CellRange:
        """The cells between the corners; with `spill` the cell that the values spill from."""
        a, b = self.first, self.last or self.first
        rows = sorted((1 if a.row is None else a.row, MAX_ROWS if b.row is None else b.row))
        columns = sorted((1 if a.column is None else a.column, MAX_COLUMNS if b.column is None else b.column))
        return CellRange(rows[0], columns[0], rows[1], columns[1])

    @classmethod
    def to(cls, sheet: str | None, cells: CellRange) -> Reference:
        """The reference to a range, every row and column fixed: `$A$1:$B$2`."""
        first = Corner(cells.top, cells.left, True, True)
        return cls(sheet, first, Corner(cells.bottom, cells.right, True, True))


@dataclass(frozen=True)
class Name:
    """A defined name, or a variable of LET and LAMBDA. With `spill` what spills from the named cell."""

    sheet: str | None
    name: str
    spill: bool = False


@dataclass(frozen=True)
class Table:
    """A structured reference, such as `Sales[[#This Row],[price]]`, kept as text."""

    text: str


@dataclass(frozen=True)
class Unsupported:
    """A formula, kept as text, that has no tree. `feature` says what it uses."""

    text: str
    feature: str


@dataclass(frozen=True)
class Call:
    """A function and its arguments. The name is written as in the formula, with prefixes and links: `[1]!GPT2_EDIT`."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Operation:
    """An operator with one operand (`-`, `+`, `@`; `%` comes after it) or two. Union is `,`, intersection a space."""

    symbol: str
    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Parentheses:
    """A part of a formula in parentheses."""

    inner: Node


Node: TypeAlias = (
    "Constant | Error | Array | Missing | Reference | Name | Table | Call | Operation | Parentheses | Unsupported"
)
MISSING = Missing()


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below a node."""
    if isinstance(node, Call):
        return node.arguments
    if isinstance(node, Operation):
        return node.operands
    return (node.inner,) if isinstance(node, Parentheses) else ()


def walk(node: Node) -> Iterator[Node]:
    """The node and every node below it. A sum of a thousand cells is a thousand levels deep: too many for recursion."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(children(node))


def transform(node: Node, change: Callable[[Node], Node]) -> Node:
    """The tree with each node replaced by what `change` makes of it, from the leaves up."""
    pending: list[tuple[Node, bool]] = [(node, False)]
    done: list[Node] = []
    while pending:
        node, is_ready = pending.pop()
        below = children(node)
        if not below:
            done.append(change(node))
        elif is_ready:
            changed = tuple(done[-len(below) :])
            del done[-len(below) :]
            is_same = all(map(is_, changed, below))
            done.append(change(node if is_same else _with_children(node, changed)))
        else:
            pending.append((node, True))
            pending.extend([(child, False) for child in reversed(below)])
    return done[0]


def _with_children(node: Node, changed: tuple[Node, ...]) -> Node:
    if isinstance(node, Call):
        return Call(node.function, changed)
    if isinstance(node, Operation):
        return Operation(node.symbol, changed)
    return Parentheses(changed[0]) if isinstance(node, Parentheses) else node


def moved(node: Node, rows: int, columns: int) -> Node:
    """The formula as it reads when it is copied that many rows down and columns to the right."""

    def move(part: Node) -> Node:
        if not isinstance(part, Reference):
            return part
        last = part.last and part.last.moved(rows, columns)
        there = replace(part, first=part.first.moved(rows, columns), last=last)
        cells = there.range
        is_there = cells.top >= 1 and cells.left >= 1 and cells.bottom <= MAX_ROWS and cells.right <= MAX_COLUMNS
        return there if is_there else Error(excel_errors.REF)

    return transform(node, move)
