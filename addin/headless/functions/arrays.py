"""Functions that make arrays of arrays: SEQUENCE, SORT, FILTER, TAKE and others."""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key, partial
from typing import Any

import numpy as np

from ..values import CALC, NA, VALUE, Grid, Value, XlError, as_grid, checked, frozen
from .arguments import CellFailureError, enlarged, number, truth, whole
from .comparison import same_key, sort_key
from .lookup import of_cells

MOST_CELLS = 4_194_304  # that a function may make


def sequence(rows: Value, columns: Value = None, start: Value = None, step: Value = None) -> Value:
    height, width = (1 if x is None else whole(x) for x in (rows, columns))
    first, by = (1.0 if x is None else number(x) for x in (start, step))
    if height < 1 or width < 1 or height * width > MOST_CELLS:
        raise CellFailureError(VALUE)
    value: Value = checked((first + by * np.arange(height * width, dtype=np.float64)).reshape(height, width))
    return value


def take(array: Value, rows: Value = None, columns: Value = None) -> Value:
    grid = as_grid(array)
    return _piece(grid[_ends(rows, grid.shape[0], taken=True), _ends(columns, grid.shape[1], taken=True)])


def drop(array: Value, rows: Value = None, columns: Value = None) -> Value:
    grid = as_grid(array)
    return _piece(grid[_ends(rows, grid.shape[0], taken=False), _ends(columns, grid.shape[1], taken=False)])


def transpose(array: Value) -> Value:
    return frozen(as_grid(array).T)


def stacked(axis: int, *arrays: Value) -> Value:
    """VSTACK and HSTACK; what is too short is padded with #N/A."""
    grids = [as_grid(array) for array in arrays]
    longest = max(grid.shape[1 - axis] for grid in grids)
    sizes = [(longest, grid.shape[1]) if axis else (grid.shape[0], longest) for grid in grids]
    return of_cells(np.concatenate([enlarged(grid, *size) for grid, size in zip(grids, sizes, strict=True)], axis=axis))


def expand(array: Value, rows: Value, columns: Value = None, pad: Value = NA) -> Value:
    grid = as_grid(array)
    height = grid.shape[0] if rows is None else whole(rows)
    width = grid.shape[1] if columns is None else whole(columns)
    if height < grid.shape[0] or width < grid.shape[1] or height * width > MOST_CELLS:
        return VALUE
    return of_cells(enlarged(grid, height, width, as_grid(pad).item()))


def chosen(axis: int, array: Value, *places: Value) -> Value:
    """CHOOSEROWS and CHOOSECOLS; a negative number counts from the end."""
    grid = as_grid(array)
    wanted = [whole(item) for place in places for item in as_grid(place).reshape(-1).tolist()]
    if any(not 1 <= abs(place) <= grid.shape[axis] for place in wanted):
        return VALUE
    return _piece(np.take(grid, [place - 1 if place > 0 else place for place in wanted], axis=axis))


def one_line(axis: int, array: Value, ignore: Value = None, by_column: Value = False) -> Value:
    """TOROW and TOCOL; `ignore` 1 leaves out blanks, 2 errors, 3 both."""
    grid, what = as_grid(array), whole(ignore)
    cells = (grid.T if truth(by_column) else grid).reshape(-1)
    items = cells.tolist()
    kept = [
        at
        for at, item in enumerate(items)
        if not ((what & 1 and item is None) or (what & 2 and isinstance(item, XlError)))
    ]
    return _piece(cells[kept].reshape((1, -1) if axis else (-1, 1)))


def wrapped(axis: int, array: Value, count: Value, pad: Value = NA) -> Value:
    """WRAPROWS and WRAPCOLS."""
    grid, size = as_grid(array), whole(count)
    if 1 not in grid.shape or size < 1:
        return VALUE
    size = min(size, grid.size)
    lines = -(-grid.size // size)
    cells = np.empty(lines * size, object)
    cells.fill(as_grid(pad).item())
    cells[: grid.size] = grid.reshape(-1)
    wide = cells.reshape(lines, size)
    return of_cells(wide if axis else wide.T.copy())


def _order(keys: list[tuple[list[Any], float]]) -> list[int]:
    """The positions in sorted order by several columns of cells, each with 1 or -1. Blanks are always last."""

    def compare(first: int, second: int) -> int:
        for items, way in keys:
            a, b = sort_key(items[first]), sort_key(items[second])
            if a != b:
                if 4 in (a[0], b[0]):
                    return 1 if a[0] == 4 else -1
                return (1 if a > b else -1) * (1 if way > 0 else -1)
        return 0

    return sorted(range(len(keys[0][0])), key=cmp_to_key(compare))


def sort(array: Value, by: Value = None, order: Value = None, by_column: Value = False) -> Value:
    grid = as_grid(array)
    across = truth(by_column)
    grid = grid.T if across else grid
    places = [1] if by is None else [whole(x) for x in as_grid(by).reshape(-1).tolist()]
    ways = [1.0] if order is None else [number(x) for x in as_grid(order).reshape(-1).tolist()]
    ways = ways * len(places) if len(ways) == 1 else ways
    if len(ways) != len(places) or any(not 1 <= x <= grid.shape[1] for x in places) or set(ways) - {1.0, -1.0}:
        return VALUE
    keys = [(grid[:, place - 1].tolist(), way) for place, way in zip(places, ways, strict=True)]
    ordered = grid[_order(keys)]
    return of_cells(ordered.T if across else ordered)


def sort_by(array: Value, *pairs: Value) -> Value:
    grid = as_grid(array)
    keys = []
    for at in range(0, len(pairs), 2):
        cells = as_grid(pairs[at])
        way = number(pairs[at + 1]) if at + 1 < len(pairs) and pairs[at + 1] is not None else 1.0
        if 1 not in cells.shape or way not in (1.0, -1.0):
            return VALUE
        keys.append((cells, way))
    if not keys:
        return VALUE
    across = keys[0][0].shape[0] == 1 and grid.shape[1] == keys[0][0].shape[1] and grid.shape[0] != keys[0][0].shape[0]
    across = across or (keys[0][0].shape[0] == 1 and grid.shape[0] == 1)
    grid = grid.T if across else grid
    if any(cells.size != grid.shape[0] for cells, _ in keys):
        return VALUE
    ordered = grid[_order([(cells.reshape(-1).tolist(), way) for cells, way in keys])]
    return of_cells(ordered.T if across else ordered)


def unique(array: Value, by_column: Value = False, exactly_once: Value = False) -> Value:
    grid = as_grid(array)
    across = truth(by_column)
    grid = grid.T if across else grid
    places: dict[tuple[Any, ...], list[int]] = {}
    for at, row in enumerate(grid.tolist()):
        places.setdefault(tuple(map(same_key, row)), []).append(at)
    kept = [found[0] for found in places.values() if len(found) == 1 or not truth(exactly_once)]
    return _piece(grid[kept].T if across else grid[kept])


def filtered(array: Value, include: Value, if_empty: Value = CALC) -> Value:
    grid, mask = as_grid(array), as_grid(include)
    if mask.shape == (grid.shape[0], 1):
        axis = 0
    elif mask.shape == (1, grid.shape[1]):
        axis = 1
    else:
        return VALUE
    kept = [at for at, item in enumerate(mask.reshape(-1).tolist()) if truth(item)]
    if not kept:
        return if_empty
    return of_cells(np.take(grid, kept, axis=axis))


def _ends(count: Value, length: int, taken: bool) -> slice:
    """The part of an axis that TAKE or DROP leaves; a negative count is from the end."""
    if count is None:
        return slice(None)
    many = whole(count)
    if taken:
        return slice(0, many) if many >= 0 else slice(max(length + many, 0), None)
    return slice(many, None) if many >= 0 else slice(0, max(length + many, 0))


def _piece(grid: Grid) -> Value:
    if grid.size == 0:
        raise CellFailureError(CALC)
    return of_cells(grid)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "CHOOSECOLS": partial(chosen, 1),
    "CHOOSEROWS": partial(chosen, 0),
    "DROP": drop,
    "EXPAND": expand,
    "FILTER": filtered,
    "HSTACK": partial(stacked, 1),
    "SEQUENCE": sequence,
    "SORT": sort,
    "SORTBY": sort_by,
    "TAKE": take,
    "TOCOL": partial(one_line, 0),
    "TOROW": partial(one_line, 1),
    "TRANSPOSE": transpose,
    "UNIQUE": unique,
    "VSTACK": partial(stacked, 0),
    "WRAPCOLS": partial(wrapped, 0),
    "WRAPROWS": partial(wrapped, 1),
}
