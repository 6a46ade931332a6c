"""Finds the cell to type into instead of one that a formula fills: workbooks have grids of blank cells for edits."""

from __future__ import annotations

from collections.abc import Iterator

from workbook_templates.formula.calc import calc_name
from workbook_templates.formula.stored import without_let
from workbook_templates.formula.tree import Call, Node, Reference, transform, walk

from .cell_rows import Position
from .engine import Engine
from .formula import Formula

_EDIT = frozenset({"GPT2_EDIT", calc_name("GPT2_EDIT")})


def edit_cell(engine: Engine, cell: Position, filling: Formula) -> tuple[int, Position] | None:
    """Sheet and cell of the edit grid for a cell that a formula fills; None if there is no such grid.

    A formula that combines values with a grid of edits is `GPT2_EDIT(values, grid)` or `IF(grid="", values, grid)`.
    """
    for sheet, place in _candidates(engine, cell, filling):
        if place not in engine.sheets[sheet].formulas and engine.filling(sheet, place) is None:
            return sheet, place
    return None


def _candidates(engine: Engine, cell: Position, filling: Formula) -> Iterator[tuple[int, Position]]:
    """The cells of all grids whose edits take the place of the cell's value."""
    for _, grid in _edits(filling.tree):
        yield from _cell_of_grid(engine, filling, grid, cell, filling.cell)
    for formula in (formula for sheet in engine.sheets for formula in sheet.formulas.values()):
        for values, grid in _edits(formula.tree):
            for start in (_start(engine, formula, read, cell, filling) for read in _references(values)):
                if start is not None:
                    yield from _cell_of_grid(engine, formula, grid, cell, start)


def _edits(tree: Node) -> Iterator[tuple[Node, Reference]]:
    """Each place in a formula where values are combined with a grid of edits: the values and the grid."""
    for node in walk(transform(tree, without_let)):
        if not isinstance(node, Call):
            continue
        if node.function in _EDIT and len(node.arguments) >= 2:
            grids = _ranges(node.arguments[1])
            if len(grids) == 1:
                yield node.arguments[0], grids.pop()
        if node.function == "IF" and len(node.arguments) == 3:
            grids = _ranges(node.arguments[0])
            values = [branch for branch in node.arguments[1:] if not grids & _ranges(branch)]
            if len(grids) == len(values) == 1 and _references(values[0]):
                yield values[0], grids.pop()


def _references(tree: Node) -> list[Reference]:
    return [node for node in walk(tree) if isinstance(node, Reference)]


def _ranges(tree: Node) -> set[Reference]:
    """The ranges of several cells in a formula, spills not counted."""
    return {read for read in _references(tree) if read.range.area > 1 and not read.spill}


def _start(engine: Engine, formula: Formula, read: Reference, cell: Position, filling: Formula) -> Position | None:
    """The first cell of what a reference reads; None if it does not read the cell that is filled."""
    sheet = formula.sheet if read.sheet is None else engine.sheet_index(read.sheet)
    first = read.range.top, read.range.left
    is_read = first == filling.cell if read.spill else read.range.holds(*cell)
    return first if sheet == filling.sheet and is_read else None


def _cell_of_grid(
    engine: Engine, formula: Formula, grid: Reference, cell: Position, start: Position
) -> Iterator[tuple[int, Position]]:
    """The cell of the grid that is as far from the grid's first cell as the cell is from the values' first."""
    sheet = formula.sheet if grid.sheet is None else engine.sheet_index(grid.sheet)
    row, column = grid.range.top + cell[0] - start[0], grid.range.left + cell[1] - start[1]
    if sheet is not None and grid.range.holds(row, column):
        yield sheet, (row, column)
