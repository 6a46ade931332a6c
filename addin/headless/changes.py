"""The set of cells that a recalculation changed. A prompt changes hundreds of thousands of them, so their addresses are
made only when they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS
from workbook_templates.formula.ranges import CellRange, cell_name, parse_cell, split_sheet

_ROW, _SHEET = MAX_COLUMNS + 1, (MAX_COLUMNS + 1) * (MAX_ROWS + 1)
Codes = NDArray[np.int64]


_Part = tuple[int, CellRange, NDArray[np.bool_]]


class ChangedCells(Set[str]):
    """Immutable set of addresses such as `Block 5!C12`, in the order of tabs, rows and columns.

    Made from masks over ranges of sheets, which may overlap. Each mask has a changed cell."""

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
