"""Spreadsheet functions of arrays that the package `formulas` lacks, or that numpy computes in one step while the
package computes them cell by cell. Each takes values and returns a value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np

from . import formulas_package
from .values import (
    CALC,
    NA,
    REF,
    VALUE,
    Grid,
    Value,
    XlError,
    as_grid,
    checked,
    from_cells,
    from_result,
    frozen,
    is_text,
)

_MOST_CELLS = 4_194_304
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.IGNORECASE | re.ASCII)


class CellFailureError(Exception):
    """Carries the error that the cell shows."""

    def __init__(self, error: XlError) -> None:
        super().__init__(str(error))
        self.error = error


def aligned(arguments: list[Value]) -> list[Value]:
    """Arrays of different shapes padded with #N/A to one shape; arrays that broadcast stay as they are."""
    shapes = {x.shape for x in arguments if isinstance(x, np.ndarray)}
    if len(shapes) < 2:
        return arguments
    height, width = (max(shape[axis] for shape in shapes) for axis in (0, 1))
    return [_padded(x, height, width) if isinstance(x, np.ndarray) else x for x in arguments]


def fitted(value: Value, height: int, width: int) -> Grid:
    """The value in a range of fixed size, as in a legacy array formula: repeated, cut, or padded with #N/A."""
    grid = as_grid(value)
    grid = np.repeat(grid, height, axis=0) if grid.shape[0] == 1 else grid[:height]
    grid = np.repeat(grid, width, axis=1) if grid.shape[1] == 1 else grid[:, :width]
    return _padded(grid, height, width)


def index(array: Value, row: Value = 0.0, column: Value = None) -> Value:
    """INDEX of an array: one cell; for index 0 a whole row or column; for arrays of indices an array of cells.

    An index past the end gives #REF!, in an array of cells only there.
    """
    grid = as_grid(array)
    if column is None and 1 in grid.shape:
        row, column = (1.0, row) if grid.shape[0] == 1 else (row, 1.0)
    if not isinstance(row, np.ndarray) and not isinstance(column, np.ndarray):
        return _of_cells(grid[_one_or_all(row, grid.shape[0]), _one_or_all(column, grid.shape[1])])
    rows, columns = _positions(row, grid.shape[0]), _positions(column, grid.shape[1])
    if rows.ndim == 1 or columns.ndim == 1:
        rows, columns = rows.reshape(-1, 1), columns.reshape(1, -1)
    missing = (rows >= grid.shape[0]) | (columns >= grid.shape[1])
    if missing.all():
        return REF
    picked = grid[np.minimum(rows, grid.shape[0] - 1), np.minimum(columns, grid.shape[1] - 1)]
    if missing.any():
        picked = np.where(missing, np.array(REF, object), picked.astype(object))
    return _of_cells(picked)


def choose(which: Value, *values: Value) -> Value:
    """CHOOSE: for an array of numbers an array, each cell from the value with that number."""
    if not isinstance(which, np.ndarray):
        place = int(number(which))
        return values[place - 1] if 1 <= place <= len(values) else VALUE
    places, *grids = np.broadcast_arrays(*map(as_grid, aligned([which, *values])))
    chosen = np.full(places.shape, VALUE, object)
    for place, grid in enumerate(grids, start=1):
        here = places.astype(float).astype(int) == place
        chosen[here] = grid[here]
    return from_cells(chosen)


def sequence(rows: Value, columns: Value = None, start: Value = None, step: Value = None) -> Value:
    height, width = (1 if x is None else int(number(x)) for x in (rows, columns))
    first, by = (1.0 if x is None else number(x) for x in (start, step))
    if height < 1 or width < 1 or height * width > _MOST_CELLS:
        raise CellFailureError(VALUE)
    value: Value = checked((first + by * np.arange(height * width, dtype=np.float64)).reshape(height, width))
    return value


def match(wanted: Value, places: Value, *kind: Value) -> Value:
    """MATCH. An exact match of a number is found here."""
    if isinstance(wanted, np.ndarray) and wanted.size == 1:
        wanted = from_result(wanted.item())
    grid = as_grid(places)
    is_exact = kind in ((0.0,), (None,), (False,))
    if not is_exact or type(wanted) is not float or 1 not in grid.shape:
        return formulas_package.call_by_name("MATCH", [wanted, places, *(0.0 if x is None else x for x in kind)])
    items = grid.reshape(-1).tolist()
    found = (place for place, item in enumerate(items, 1) if type(item) is float and item == wanted)
    return float(next(found, 0)) or NA


def trim(text: Value) -> Value:
    """TRIM: no spaces at the ends, single spaces between words."""
    if type(text) is not str:
        return formulas_package.call_by_name("TRIM", [text])
    return " ".join(word for word in text.split(" ") if word)


def take(array: Value, rows: Value = None, columns: Value = None) -> Value:
    grid = as_grid(array)
    return _piece(grid[_ends(rows, grid.shape[0], taken=True), _ends(columns, grid.shape[1], taken=True)])


def drop(array: Value, rows: Value = None, columns: Value = None) -> Value:
    grid = as_grid(array)
    return _piece(grid[_ends(rows, grid.shape[0], taken=False), _ends(columns, grid.shape[1], taken=False)])


def hyperlink(link: Value, friendly: Value = None) -> Value:
    return link if friendly is None else friendly


def transpose(array: Value) -> Value:
    return frozen(as_grid(array).T)


def mmult(first: Value, second: Value) -> Value:
    """MMULT. Blanks and texts among the factors give #VALUE!."""
    factors = [as_grid(first), as_grid(second)]
    for item in (item for grid in factors if grid.dtype == object for item in grid.flat):
        if isinstance(item, XlError):
            raise CellFailureError(item)
        if not isinstance(item, (float, bool)):
            raise CellFailureError(VALUE)
    return checked(np.matmul(*(grid.astype(np.float64, copy=False) for grid in factors)))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "INDEX": index,
    "CHOOSE": choose,
    "SEQUENCE": sequence,
    "TAKE": take,
    "DROP": drop,
    "HYPERLINK": hyperlink,
    "MATCH": match,
    "MMULT": mmult,
    "TRANSPOSE": transpose,
    "TRIM": trim,
}


def _padded(grid: Grid, height: int, width: int) -> Grid:
    full_height = grid.shape[0] in (1, height)
    full_width = grid.shape[1] in (1, width)
    if full_height and full_width:
        return grid
    padded = np.empty((grid.shape[0] if full_height else height, grid.shape[1] if full_width else width), object)
    padded.fill(NA)
    padded[: grid.shape[0], : grid.shape[1]] = grid
    return padded


def number(value: Value) -> float:
    """The number that a single value is or stands for: a boolean, a blank or a number written as text counts too."""
    if isinstance(value, np.ndarray):
        value = value[0, 0]
    if isinstance(value, XlError):
        raise CellFailureError(value)
    if value is None:
        return 0.0
    if is_text(value) and not (_NUMBER.fullmatch(value.strip()) and math.isfinite(float(value))):
        raise CellFailureError(VALUE)
    return float(value)


def _ends(count: Value, length: int, taken: bool) -> slice:
    """The part of an axis that TAKE or DROP leaves; a negative count is from the end."""
    if count is None:
        return slice(None)
    many = int(number(count))
    if taken:
        return slice(0, many) if many >= 0 else slice(max(length + many, 0), None)
    return slice(many, None) if many >= 0 else slice(0, max(length + many, 0))


def _piece(grid: Grid) -> Value:
    if grid.size == 0:
        raise CellFailureError(CALC)
    return _of_cells(grid)


def _of_cells(grid: Grid) -> Value:
    """Cells taken from a value as a value of their own: a scalar if it is one cell."""
    if grid.size == 1:
        return from_result(grid.item())
    return from_cells(grid) if grid.dtype.kind == "O" else frozen(grid)


def _one_or_all(place: Value, length: int) -> slice:
    """The part of an axis at a one-based index; for index 0 all of it."""
    wanted = int(number(place))
    if wanted < 0:
        raise CellFailureError(VALUE)
    if wanted > length:
        raise CellFailureError(REF)
    return slice(wanted - 1, wanted) if wanted else slice(None)


def _positions(value: Value, length: int) -> Grid:
    """Zero-based positions for a one-based index: for index 0 all of them, 1-D; otherwise 2-D, in the index's shape."""
    wanted = np.array([[int(number(item)) for item in row] for row in as_grid(value).tolist()])
    if (wanted < 0).any():
        raise CellFailureError(VALUE)
    return np.arange(length) if wanted.size == 1 and wanted[0, 0] == 0 else wanted - 1
