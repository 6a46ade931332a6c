"""The cells that a recalculation changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS
from workbook_templates.formula.ranges import CellRange, cell_name, parse_cell, split_sheet

from .values import Grid, Value, any_true, as_grid, blanks, differs, same

_ROW, _SHEET = MAX_COLUMNS + 1, (MAX_COLUMNS + 1) * (MAX_ROWS + 1)
Codes = NDArray[np.int64]

ONE_CELL = np.ones((1, 1), bool)  # the mask of a single cell
_Change = tuple[CellRange, NDArray[np.bool_]]  # a range, and which of its cells changed
_Part = tuple[int, CellRange, NDArray[np.bool_]]


class ChangedCells(Set[str]):
    """Immutable set of addresses such as `Block 5!C12`, in the order of tabs, rows and columns.

    Made from masks over ranges of sheets, which may overlap. Each mask has a changed cell. A prompt changes hundreds of
    thousands of cells, so their addresses are made only when they are read."""

    def __init__(self, names: Sequence[str], parts: Iterable[_Part] = ()) -> None:
        self._names = names
        self._parts = list(parts)

    @classmethod
    def _from_iterable(cls, it: Iterable[str]) -> frozenset[str]:  # type: ignore[override]  # & | - give plain sets
        return frozenset(it)

    @cached_property
    def _codes(self) -> Codes:
        """Each cell as one number, ascending."""
        found = [np.empty(0, np.int64)]
        for sheet, rect, mask in self._parts:
            rows, columns = np.nonzero(mask)
            found.append(sheet * _SHEET + (rows + rect.top) * _ROW + (columns + rect.left))
        codes = np.sort(np.concatenate(found))
        return codes[np.diff(codes, prepend=-1) > 0]

    def __bool__(self) -> bool:
        return bool(self._parts)

    def __len__(self) -> int:
        return int(self._codes.size)

    def __iter__(self) -> Iterator[str]:
        for code in self._codes.tolist():
            sheet, place = divmod(code, _SHEET)
            yield f"{self._names[sheet]}!{cell_name(*divmod(place, _ROW))}"

    def __contains__(self, address: object) -> bool:
        if not isinstance(address, str):
            return False
        sheet, cell = split_sheet(address)
        place = parse_cell(cell)
        if place is None or sheet not in self._names:
            return False
        code = self._names.index(sheet) * _SHEET + place[0] * _ROW + place[1]
        spot = int(np.searchsorted(self._codes, code))
        return spot < self._codes.size and int(self._codes[spot]) == code

    def __repr__(self) -> str:
        return f"<{len(self)} changed cells>"


class Before(NamedTuple):
    """What a formula showed at the last recalculation, and if it showed something else since, how they differ."""

    rect: CellRange
    shown: Value
    after: Value = None
    change: _Change | None = None


def difference(old_rect: CellRange, old: Value, new_rect: CellRange, new: Value) -> _Change | None:
    """The range and the mask of the cells that changed, or None. Both values start in the same cell."""
    if not isinstance(old, np.ndarray) and not isinstance(new, np.ndarray):
        return None if same(old, new) else (new_rect, ONE_CELL)
    both = old_rect if old_rect == new_rect else old_rect.around(new_rect)
    mask = _differing(as_grid(old), as_grid(new), both)
    return (both, mask) if any_true(mask) else None


def _differing(before: Grid, after: Grid, both: CellRange) -> NDArray[np.bool_]:
    if before.shape == after.shape:
        return differs(before, after)
    mask = np.zeros((both.height, both.width), bool)
    for grid in (before, after):
        mask[: grid.shape[0], : grid.shape[1]] = _filled(grid)
    rows, columns = min(before.shape[0], after.shape[0]), min(before.shape[1], after.shape[1])
    mask[:rows, :columns] = differs(before[:rows, :columns], after[:rows, :columns])
    return mask


def _filled(grid: Grid) -> NDArray[np.bool_] | bool:
    return True if grid.dtype != object else ~blanks(grid)
