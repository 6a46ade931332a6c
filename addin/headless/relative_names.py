"""Defined names whose references move with the cell that uses them, such as `=A1*2` for the cell on the left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS
from workbook_templates.formula.tree import Corner, Node, Reference, transform, walk

from .cell_rows import Position


def is_relative(tree: Node) -> bool:
    return any(isinstance(node, Reference) and _corners(node, _is_relative) for node in walk(tree))


def seen_from(tree: Node, cell: Position) -> Node:
    """What the name stands for in a cell. The file has its references as the cell A1 sees them; they run around the
    edges of the sheet."""
    row, column = cell

    def move(corner: Corner) -> Corner:
        moved = corner.moved(row - 1, column - 1)
        return replace(
            moved,
            row=None if moved.row is None else (moved.row - 1) % MAX_ROWS + 1,
            column=None if moved.column is None else (moved.column - 1) % MAX_COLUMNS + 1,
        )

    def change(node: Node) -> Node:
        if not isinstance(node, Reference):
            return node
        return replace(node, first=move(node.first), last=None if node.last is None else move(node.last))

    return transform(tree, change)


def _corners(node: Reference, test: Callable[[Corner], bool]) -> bool:
    return test(node.first) or (node.last is not None and test(node.last))


def _is_relative(corner: Corner) -> bool:
    row_moves = corner.row is not None and not corner.fixed_row
    return row_moves or (corner.column is not None and not corner.fixed_column)
