"""Finds the used cells of a range among all used cells of a sheet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from workbook_templates.formula.ranges import CellRange

Position = tuple[int, int]


class CellRows:
    """A set of cells, row by row."""

    def __init__(self, cells: Iterable[Position] = ()) -> None:
        self._rows: defaultdict[int, set[int]] = defaultdict(set)
        self._bounds: CellRange | None = None  # None if not yet known
        for row, column in cells:
            self._rows[row].add(column)

    def add(self, row: int, column: int) -> None:
        self._bounds = None
        self._rows[row].add(column)

    def discard(self, row: int, column: int) -> None:
        self._bounds = None
        columns = self._rows.get(row, set())
        columns.discard(column)
        if not columns:
            self._rows.pop(row, None)

    def inside(self, rect: CellRange) -> list[Position]:
        """The cells in the range."""
        found: list[Position] = []
        rows = range(rect.top, rect.bottom + 1) if rect.height < len(self._rows) else list(self._rows)
        for row in rows:
            columns = self._rows.get(row)
            if columns and rect.top <= row <= rect.bottom:
                found.extend((row, column) for column in _between(columns, rect.left, rect.right))
        return found

    def bounds(self) -> CellRange | None:
        """The smallest range that contains all cells; None if there are no cells."""
        if self._bounds is None and self._rows:
            left, right = min(map(min, self._rows.values())), max(map(max, self._rows.values()))
            self._bounds = CellRange(min(self._rows), left, max(self._rows), right)
        return self._bounds


def _between(columns: set[int], first: int, last: int) -> Iterable[int]:
    if last - first < len(columns):
        return (column for column in range(first, last + 1) if column in columns)
    return (column for column in columns if first <= column <= last)
