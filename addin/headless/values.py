"""Values of cells and spills, and their conversion.

A value is a scalar (float, str, bool, None for blank, or an error) or a 2-D array: float64 if every cell is a number,
object otherwise. Within a formula, an array of bool is one too. An array that is a value is never changed, so it needs
no copies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

from udfs import excel_errors
from udfs.cells import ERROR_MARK
from udfs.excel_limits import MAX_TEXT


class XlError(str):
    """An error value. Its text is Excel's, such as `#DIV/0!`."""

    __slots__ = ()


Scalar: TypeAlias = "float | str | bool | XlError | None"
Grid: TypeAlias = "NDArray[Any]"
Value: TypeAlias = "Scalar | Grid"

ERRORS: dict[str, XlError] = {text: XlError(text) for text in excel_errors.ALL}
DIV, NA, NUM = ERRORS[excel_errors.DIV], ERRORS[excel_errors.NA], ERRORS[excel_errors.NUM]
REF, VALUE = ERRORS[excel_errors.REF], ERRORS[excel_errors.VALUE]
SPILL, CALC = ERRORS[excel_errors.SPILL], ERRORS[excel_errors.CALC]


def is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and not isinstance(value, XlError)


def as_grid(value: Value) -> Grid:
    """The value as a 2-D array. What no cell can hold, such as a LAMBDA, becomes #VALUE!."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, float):
        return np.array([[value]])
    grid = np.empty((1, 1), object)
    grid[0, 0] = value if value is None or isinstance(value, (str, bool)) else _scalar(value)
    return grid


def blanks(grid: Grid) -> NDArray[np.bool_]:
    """A mask of the blank cells."""
    return np.asarray(grid == _NONE, dtype=bool)


_NONE = np.array(None, dtype=object)


def any_true(mask: Grid) -> bool:
    """Whether a cell of a mask is true. `mask.any()` takes five times as long for a small array."""
    return bool(np.count_nonzero(mask) > 0)


def all_true(mask: Grid) -> bool:
    """Whether every cell of a mask is true."""
    return bool(np.count_nonzero(mask) == mask.size)


def from_cells(cells: Grid) -> Value:
    """An object array of scalars as a value: an array of floats if all of them are numbers."""
    items = cells.reshape(-1).tolist()
    if {float}.issuperset(map(type, items)):
        return frozen(np.array(items, dtype=np.float64).reshape(cells.shape))
    return frozen(cells)


def without_booleans(value: Any) -> Any:
    """An array of booleans as an array of objects; any other value as it is."""
    return frozen(value.astype(object)) if isinstance(value, np.ndarray) and value.dtype.kind == "b" else value


def blanks_as_zero(value: Value) -> Value:
    """The value with 0 for each blank, as a cell shows it."""
    if value is None:
        return 0.0
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        items = value.reshape(-1).tolist()
        if None in items:
            return _of_scalars(value.shape, [0.0 if item is None else item for item in items])
    return value


def checked(numbers: Any) -> Any:
    """Numbers that were just computed, as a value: NaN and infinity become #NUM!."""
    if not isinstance(numbers, np.ndarray):
        return numbers if math.isfinite(numbers) else NUM
    if math.isfinite(np.vdot(numbers, numbers)):  # the fastest test; if the sum overflows, the slow one decides
        return frozen(numbers)
    finite = np.isfinite(numbers)
    if all_true(finite):
        return frozen(numbers)
    cells = numbers.astype(object)
    cells[~finite] = NUM
    return frozen(cells)


def limited_texts(value: Value) -> Value:
    """The value with #VALUE! for each text that is too long for a cell."""
    if isinstance(value, str):
        return VALUE if len(value) > MAX_TEXT else value
    if isinstance(value, np.ndarray) and value.dtype == object:
        items = value.reshape(-1).tolist()
        if any(isinstance(item, str) and len(item) > MAX_TEXT for item in items):
            return _from_items(value.shape, list(map(limited_texts, items)))
    return value


def frozen(grid: Grid) -> Grid:
    grid.flags.writeable = False
    return grid


def from_result(result: Any) -> Value:
    """A function's result (an array, nested lists or a scalar) as a value. NaN and infinity become #NUM!."""
    if isinstance(result, np.ndarray):
        return _from_array(result)
    if isinstance(result, Sequence) and not isinstance(result, str):
        return _from_rows(result)
    return _scalar(result)


def to_plain(value: Value) -> Any:
    """The value with errors as their texts, as our own functions and the callers of a workbook receive it.

    What no cell can hold, such as a LAMBDA, becomes #VALUE!.
    """
    value = without_booleans(value)
    if isinstance(value, np.ndarray):
        return _without_errors(value) if value.dtype == object else value
    item = _scalar(value)
    return str.__str__(item) if isinstance(item, XlError) else item


_without_errors = np.frompyfunc(lambda item: str.__str__(item) if isinstance(item, XlError) else item, 1, 1)


def is_error(item: object) -> bool:
    """Whether one cell's value is an error of Excel, or a message of one of our functions."""
    return isinstance(item, XlError) or (isinstance(item, str) and item.startswith(ERROR_MARK))


def same(a: Value, b: Value) -> bool:
    """Whether two values have the same cells."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and not any_true(differs(a, b))
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return False
    return a is b or (type(a) is type(b) and a == b)


def differs(a: Grid, b: Grid) -> NDArray[np.bool_]:
    """A mask of the cells that differ between two arrays of one shape."""
    if a is b:
        return np.zeros(a.shape, bool)
    if a.dtype.kind != "O" and b.dtype.kind != "O":
        return np.asarray(a != b)
    pairs = zip(a.reshape(-1).tolist(), b.reshape(-1).tolist(), strict=True)
    return np.array([type(x) is not type(y) or x != y for x, y in pairs], dtype=bool).reshape(a.shape)


def _scalar(item: Any) -> Scalar:
    if item is None or isinstance(item, XlError):
        return item
    if isinstance(item, (bool, np.bool_)):
        return bool(item)
    if isinstance(item, (int, float, np.integer, np.floating)):
        number = float(item)
        return number if math.isfinite(number) else NUM
    if isinstance(item, str):
        return str(item)
    if isinstance(item, np.ndarray) and item.size == 1:
        return _scalar(item.reshape(-1)[0])
    return VALUE


def _from_array(array: Grid) -> Value:
    array = np.asarray(array)
    if array.ndim == 0:
        return _scalar(array.item() if array.dtype == object else array[()])
    if array.ndim > 2 or array.size == 0:
        return VALUE if array.ndim > 2 else CALC
    array = np.atleast_2d(array)
    if array.dtype.kind in "fiu":
        numbers = np.array(array, dtype=np.float64)
        if all_true(np.isfinite(numbers)):
            return frozen(numbers)
        array = numbers
    return _from_items(array.shape, array.reshape(-1).tolist())


def _from_rows(rows: Sequence[Any]) -> Value:
    if not any(map(_is_row, rows)):
        rows = [rows]
    nested = [list(row) if _is_row(row) else [row] for row in rows]
    width = max((len(row) for row in nested), default=0)
    if not width:
        return CALC
    return _from_items((len(nested), width), [x for row in nested for x in row + [None] * (width - len(row))])


def _is_row(item: object) -> bool:
    return isinstance(item, (Sequence, np.ndarray)) and not isinstance(item, str)


def _from_items(shape: tuple[int, ...], items: list[Any]) -> Value:
    return _of_scalars(shape, [_scalar(item) for item in items])


def _of_scalars(shape: tuple[int, ...], items: list[Scalar]) -> Value:
    if {float}.issuperset(map(type, items)):
        return frozen(np.array(items, dtype=np.float64).reshape(shape))
    grid = np.empty(len(items), object)
    grid[:] = items
    return frozen(grid.reshape(shape))
