"""Functions that find a cell: INDEX, MATCH, VLOOKUP, XLOOKUP and others."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..lambdas import Lambda
from ..unsupported import NotSupportedError
from ..values import NA, REF, VALUE, Grid, Value, XlError, as_grid, from_cells, from_result, frozen
from .arguments import CellFailureError, aligned, in_each_cell, number, truth, whole
from .cell_index import CellIndex, Ordered, index_of
from .comparison import is_near, same_key, sort_key
from .text import wildcards

_UNSORTED = "a search for the nearest value in cells that are not sorted"


def index(array: Value, row: Value = 0.0, column: Value = None) -> Value:
    """INDEX of an array: one cell; for index 0 a whole row or column; for arrays of indices an array of cells.

    An index past the end gives #REF!, in an array of cells only there.
    """
    grid = as_grid(array)
    if column is None and 1 in grid.shape:
        row, column = (1.0, row) if grid.shape[0] == 1 else (row, 1.0)
    row, column = _without_array(row), _without_array(column)
    if not isinstance(row, np.ndarray) and not isinstance(column, np.ndarray):
        return of_cells(grid[_one_or_all(row, grid.shape[0]), _one_or_all(column, grid.shape[1])])
    rows, columns = _positions(row, grid.shape[0]), _positions(column, grid.shape[1])
    if rows.ndim == 1 or columns.ndim == 1:
        rows, columns = rows.reshape(-1, 1), columns.reshape(1, -1)
    missing = (rows >= grid.shape[0]) | (columns >= grid.shape[1])
    if missing.all():
        return REF
    picked = grid[np.minimum(rows, grid.shape[0] - 1), np.minimum(columns, grid.shape[1] - 1)]
    if missing.any():
        picked = np.where(missing, np.array(REF, object), picked.astype(object))
    return of_cells(picked)


def _without_array(place: Value) -> Value:
    """The one item of an array, the usual index: a cell's reference is an array of one."""
    if isinstance(place, np.ndarray) and place.size == 1:
        item: Value = place.item()
        return item
    return place


def choose(which: Value, *values: Value) -> Value:
    """CHOOSE: for an array of numbers an array, each cell from the value with that number."""
    if not isinstance(which, np.ndarray) or which.size == 1:
        place = whole(which)
        return values[place - 1] if 1 <= place <= len(values) else VALUE
    places, *grids = np.broadcast_arrays(*map(as_grid, aligned([which, *values])))
    chosen = np.empty(places.shape, object)
    chosen.fill(VALUE)  # np.full would make plain text of an error
    numbers = np.array([[whole(item) for item in row] for row in places.tolist()])
    for place, grid in enumerate(grids, start=1):
        here = numbers == place
        chosen[here] = grid[here]
    return from_cells(chosen)


def of_cells(grid: Grid) -> Value:
    """Cells taken from a value as a value of their own: a scalar if it is one cell."""
    if grid.size == 1:
        return from_result(grid.item())
    return from_cells(grid) if grid.dtype.kind == "O" else frozen(grid)


def _one_or_all(place: Value, length: int) -> slice:
    """The part of an axis at a one-based index; for index 0 all of it."""
    wanted = whole(place)
    if wanted < 0:
        raise CellFailureError(VALUE)
    if wanted > length:
        raise CellFailureError(REF)
    return slice(wanted - 1, wanted) if wanted else slice(None)


def _positions(value: Value, length: int) -> Grid:
    """Zero-based positions for a one-based index: for index 0 all of them, 1-D; otherwise 2-D, in the index's shape."""
    wanted = np.array([[whole(item) for item in row] for row in as_grid(value).tolist()])
    if (wanted < 0).any():
        raise CellFailureError(VALUE)
    return np.arange(length) if wanted.size == 1 and wanted[0, 0] == 0 else wanted - 1


def exact_place(cells: CellIndex, wanted: Any, *, with_wildcards: bool, backwards: bool = False) -> int | None:
    """The position of the first cell, or the last, that equals what is wanted; None if there is none."""
    if with_wildcards and isinstance(wanted, str) and set(wanted) & set("*?~"):
        pattern = wildcards(wanted)
        found = [at for at, text in cells.texts if pattern.fullmatch(text)]
    else:
        found = cells.positions.get(same_key(wanted), [])
    return found[-1 if backwards else 0] if found else None


def sorted_place(cells: CellIndex, wanted: Any, *, ascending: bool = True) -> int | None:
    """The position of the last cell that is not beyond what is wanted, among sorted cells of its kind.

    Excel searches by halves, so the order decides what it finds in cells that are not sorted.
    Raises NotSupportedError for them, unless what is wanted is beyond all cells.
    """
    key = sort_key(wanted)
    cells_of_kind = cells.ordered(key[0])
    keys, places = cells_of_kind.keys, cells_of_kind.places
    if not keys:
        return None
    if not ascending:
        return _descending_place(cells_of_kind, wanted)
    if cells_of_kind.largest is not None and cells_of_kind.largest <= key:
        return places[-1]
    if not cells_of_kind.is_ascending:
        raise NotSupportedError(_UNSORTED)
    at = bisect.bisect_right(keys, key)
    if type(wanted) is float and is_near(keys[at][1], wanted):
        at += 1
    return places[at - 1] if at else None


def _descending_place(cells: Ordered, wanted: Any) -> int | None:
    """The first cell that equals what is wanted, or the last one above it, among descending cells."""
    if not cells.is_descending:
        raise NotSupportedError(_UNSORTED)
    key = sort_key(wanted)
    above = [(k, place) for k, place in zip(cells.keys, cells.places, strict=True) if k >= key]
    equal = next((place for k, place in above if k == key), None)
    return equal if equal is not None else above[-1][1] if above else None


def _wanted(value: Any) -> Any:
    """What is looked for: a blank counts as 0. Raises CellFailureError for an error, and for a LAMBDA."""
    if isinstance(value, np.ndarray):
        value = from_result(value.item())
    if isinstance(value, Lambda):
        raise CellFailureError(VALUE)
    if isinstance(value, XlError):
        raise CellFailureError(value)
    return 0.0 if value is None else value


def _each(function: Callable[[Any], Value], wanted: Value) -> Value:
    """The function of each thing that is looked for."""
    return in_each_cell(lambda item: function(_wanted(item)), wanted)


def match(wanted: Value, places: Value, kind: Value = 1.0) -> Value:
    """MATCH: 0 finds an equal cell, 1 the last one not above in ascending cells, -1 not below in descending ones."""
    grid, way = as_grid(places), number(kind)
    if 1 not in grid.shape:
        return NA
    cells = index_of(grid)

    def one(item: Any) -> Value:
        is_exact = way == 0
        at = exact_place(cells, item, with_wildcards=True) if is_exact else sorted_place(cells, item, ascending=way > 0)
        return NA if at is None else at + 1.0

    return _each(one, wanted)


def vlookup(wanted: Value, table: Value, column: Value, nearest: Value = True) -> Value:
    grid = as_grid(table)
    return _table_lookup(wanted, grid, index_of(grid, 0), column, nearest)


def hlookup(wanted: Value, table: Value, row: Value, nearest: Value = True) -> Value:
    grid = as_grid(table).T
    return _table_lookup(wanted, grid, index_of(grid, 0), row, nearest)


def _table_lookup(wanted: Value, grid: Grid, cells: CellIndex, column: Value, nearest: Value) -> Value:
    place, is_nearest = whole(column), False if nearest is None else truth(nearest)
    if isinstance(column, np.ndarray) and column.size > 1:
        raise NotSupportedError("VLOOKUP of several columns")
    if place < 1:
        return VALUE
    if place > grid.shape[1]:
        return REF

    def one(item: Any) -> Value:
        at = sorted_place(cells, item) if is_nearest else exact_place(cells, item, with_wildcards=True)
        return NA if at is None else from_result(grid[at, place - 1])

    return _each(one, wanted)


def lookup(wanted: Value, places: Value, results: Value = None) -> Value:
    """LOOKUP: the nearest value in a sorted row or column, or in the longer side of an array."""
    grid = as_grid(places)
    found = as_grid(results) if results is not None else grid
    if results is None and 1 not in grid.shape:
        is_wide = grid.shape[1] > grid.shape[0]
        cells = CellIndex((grid[0] if is_wide else grid[:, 0]).tolist())
        found = grid[-1:] if is_wide else grid[:, -1:]
    else:
        cells = index_of(grid)

    def one(item: Any) -> Value:
        at = sorted_place(cells, item)
        if at is None:
            return NA
        return from_result(found.reshape(-1)[at]) if 1 in found.shape and at < found.size else NA

    return _each(one, wanted)


def xmatch(wanted: Value, places: Value, mode: Value = 0.0, search: Value = 1.0) -> Value:
    grid = as_grid(places)
    if 1 not in grid.shape:
        return VALUE
    cells = index_of(grid)

    def one(item: Any) -> Value:
        at = _x_place(cells, item, mode, search)
        return NA if at is None else at + 1.0

    return _each(one, wanted)


def xlookup(
    wanted: Value, places: Value, results: Value, missing: Value = None, mode: Value = 0.0, search: Value = 1.0
) -> Value:
    grid, found = as_grid(places), as_grid(results)
    if 1 not in grid.shape:
        return VALUE
    is_column = grid.shape[1] == 1
    if found.shape[0 if is_column else 1] != grid.size:
        return VALUE
    cells = index_of(grid)
    is_vector = found.size == grid.size

    def one(item: Any) -> Value:
        at = _x_place(cells, item, mode, search)
        if at is None:
            return NA if missing is None else missing
        if is_vector:
            return from_result(found.reshape(-1)[at])
        return of_cells(found[at : at + 1] if is_column else found[:, at : at + 1])

    if isinstance(wanted, np.ndarray) and wanted.size > 1:
        if not is_vector:
            raise NotSupportedError("XLOOKUP of several values in a table")
        if isinstance(missing, np.ndarray) and missing.size > 1:
            raise NotSupportedError("XLOOKUP of several values with an array for those that are missing")
        missing = None if missing is None else from_result(as_grid(missing).item())
    return _each(one, wanted)


def _x_place(cells: CellIndex, wanted: Any, mode: Value, search: Value) -> int | None:
    """The position that XMATCH finds. Mode -1 takes the next smaller cell, 1 the next larger, 2 knows wildcards."""
    how, way = number(mode), number(search)
    if way not in (1.0, -1.0):
        raise NotSupportedError("XLOOKUP by halves")
    at = exact_place(cells, wanted, with_wildcards=how == 2, backwards=way < 0)
    if at is not None or how in (0.0, 2.0):
        return at
    if how not in (1.0, -1.0):
        raise CellFailureError(VALUE)
    key = sort_key(wanted)
    keys = [(sort_key(item), place) for place, item in enumerate(cells.items)]
    kept = [(k, place) for k, place in keys if k[0] == key[0] and (k < key if how < 0 else k > key)]
    if not kept:
        return None
    nearest = max(k for k, _ in kept) if how < 0 else min(k for k, _ in kept)
    return next(place for k, place in (kept if way > 0 else kept[::-1]) if k == nearest)


def hyperlink(link: Value, friendly: Value = None) -> Value:
    return link if friendly is None else friendly


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "CHOOSE": choose,
    "HLOOKUP": hlookup,
    "HYPERLINK": hyperlink,
    "INDEX": index,
    "LOOKUP": lookup,
    "MATCH": match,
    "VLOOKUP": vlookup,
    "XLOOKUP": xlookup,
    "XMATCH": xmatch,
}
