"""How arguments become numbers, texts and truth values, and functions of single cells become functions of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from udfs.cells import number_text
from udfs.excel_limits import MAX_TEXT

from ..values import (
    DIV,
    NA,
    NUM,
    VALUE,
    Grid,
    Scalar,
    Value,
    XlError,
    as_grid,
    from_cells,
    from_result,
    frozen,
    is_text,
)
from .number_parsing import parsed_number

Kind: TypeAlias = "Callable[[Any], Any]"  # converts one argument; raises CellFailureError


class CellFailureError(Exception):
    """Carries the error that the cell shows."""

    def __init__(self, error: XlError) -> None:
        super().__init__(str(error))
        self.error = error


def single(value: Any) -> Any:
    """The value of one cell; of an array the first. Raises CellFailureError for an error."""
    if isinstance(value, np.ndarray):
        value = from_result(value[0, 0])
    if isinstance(value, XlError):
        raise CellFailureError(value)
    return value


def number(value: Any) -> float:
    """The number that a single value is or stands for: a boolean, a blank or a number written as text counts too."""
    if type(value) is float:
        return value
    value = single(value)
    if value is None:
        return 0.0
    if is_text(value):
        found = parsed_number(value)
        if found is None:
            raise CellFailureError(VALUE)
        return found
    if not isinstance(value, (float, bool)):
        raise CellFailureError(VALUE)
    return float(value)


def whole(value: Any) -> int:
    """The number without its decimals."""
    return int(number(value))


def text(value: Any) -> str:
    """The text that a single value is or shows."""
    if type(value) is str:
        return value
    value = single(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return number_text(value)
    if not isinstance(value, str):
        raise CellFailureError(VALUE)
    return value


def truth(value: Any) -> bool:
    """Whether a single value counts as true: TRUE, a number that is not 0, or the text "TRUE"."""
    if type(value) is float:
        return value != 0
    value = single(value)
    if isinstance(value, str):
        known = {"TRUE": True, "FALSE": False}.get(value.upper())
        if known is None:
            raise CellFailureError(VALUE)
        return known
    if value is not None and not isinstance(value, (float, bool)):
        raise CellFailureError(VALUE)
    return bool(value)


def limited(found: str) -> str:
    """A text that fits into a cell. Raises CellFailureError if it is too long."""
    if len(found) > MAX_TEXT:
        raise CellFailureError(VALUE)
    return found


class Each:
    """A function of single cells. Given arrays, it gives an array: the function of each cell.

    kinds: what each argument is converted to; the last `optional` ones may be left out
    more: what any further arguments are converted to
    """

    def __init__(self, function: Callable[..., Any], *kinds: Kind, optional: int = 0, more: Kind | None = None) -> None:
        self._function, self._kinds, self._more = function, kinds, more
        self._least = len(kinds) - optional

    def __call__(self, *values: Value) -> Value:
        if not self._least <= len(values) <= (255 if self._more else len(self._kinds)):
            return VALUE
        if np.ndarray not in map(type, values):
            return self._of_cells(*values)
        cells = np.frompyfunc(self._of_cells, len(values), 1)(*map(as_grid, aligned(list(values))))
        return from_cells(as_grid(cells))

    def _of_cells(self, *values: Any) -> Any:
        try:
            kinds = self._kinds if self._more is None else (*self._kinds, *[self._more] * len(values))
            converted = [kind(value) for kind, value in zip(kinds, values, strict=False)]
            result = self._function(*converted)
            return limited(result) if type(result) is str else from_result(result)
        except CellFailureError as failure:
            return failure.error
        except ZeroDivisionError:
            return DIV
        except (OverflowError, ValueError, ArithmeticError):
            return NUM


def over(function: Callable[..., Any], arguments: list[Any]) -> Grid:
    """The function of each cell: an array of booleans, or of any values."""
    cells = np.frompyfunc(function, len(arguments), 1)(*map(as_grid, arguments))
    is_boolean = {bool}.issuperset(map(type, cells.reshape(-1).tolist()))
    return frozen(cells.astype(bool)) if is_boolean else as_grid(from_cells(cells))


def in_each_cell(function: Callable[[Any], Value], value: Value) -> Value:
    """The function of a single value, or of each cell of an array, with errors in the cells that cause them."""

    def caught(item: Any) -> Value:
        try:
            return function(item)
        except CellFailureError as failure:
            return failure.error

    if isinstance(value, np.ndarray) and value.size > 1:
        return from_cells(as_grid(np.frompyfunc(caught, 1, 1)(value)))
    return function(value)


def aligned(arguments: list[Value]) -> list[Value]:
    """Arrays of different shapes padded with #N/A to one shape; arrays that broadcast stay as they are."""
    shapes = {x.shape for x in arguments if isinstance(x, np.ndarray)}
    if len(shapes) < 2:
        return arguments
    height, width = (max(shape[axis] for shape in shapes) for axis in (0, 1))
    return [padded(x, height, width) if isinstance(x, np.ndarray) else x for x in arguments]


def fitted(value: Value, height: int, width: int) -> Grid:
    """The value in a range of fixed size, as in a legacy array formula: repeated, cut, or padded with #N/A."""
    grid = as_grid(value)
    grid = np.repeat(grid, height, axis=0) if grid.shape[0] == 1 else grid[:height]
    grid = np.repeat(grid, width, axis=1) if grid.shape[1] == 1 else grid[:, :width]
    return padded(grid, height, width)


def padded(grid: Grid, height: int, width: int) -> Grid:
    """The array with #N/A in what it lacks of that size; a single row or column stays one."""
    full_height = grid.shape[0] in (1, height)
    full_width = grid.shape[1] in (1, width)
    if full_height and full_width:
        return grid
    return enlarged(grid, grid.shape[0] if full_height else height, grid.shape[1] if full_width else width)


def enlarged(grid: Grid, height: int, width: int, pad: Scalar = NA) -> Grid:
    """An array of that size, at least the grid's own, with `pad` in the cells to the right of the grid and below it."""
    cells = np.empty((height, width), object)
    cells.fill(pad)  # np.full would make plain text of an error
    cells[: grid.shape[0], : grid.shape[1]] = grid
    return cells
