"""What a cell is: ranges in, spills out, errors in one line.

Hosts hand over ranges in several shapes (tuples, nested lists, arrays; None or "" for a blank; Excel's errors as
text, as a negative code or as a dict). This is the only place that knows, so that a function sees clean arrays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import FLOAT64, Array, DType

# Rows of text and numbers, a header first; None is an empty cell.
Table: TypeAlias = list[list[Any]]

# In a cell an error is a text that begins with this, so that it travels: who is given one raises the same again.
ERROR_MARK = "#GPT2! "

_EXCEL_ERRORS = {  # the codes under which COM hands over error cells
    -2146826288: "#NULL!",
    -2146826281: "#DIV/0!",
    -2146826273: "#VALUE!",
    -2146826265: "#REF!",
    -2146826259: "#NAME?",
    -2146826252: "#NUM!",
    -2146826246: "#N/A",
}


class CellError(ValueError):
    """A wrong argument, in one line that names it, what came and what is allowed."""


def error_text(error: Exception, name: str) -> str:
    """What a cell shows for an error of a function; of one that nobody expected the kind alone, never a traceback."""
    return ERROR_MARK + (str(error) if isinstance(error, CellError) else f"{name} failed: {type(error).__name__}")


def is_blank(value: object) -> bool:
    """Whether a single raw value is an empty cell."""
    return value is None or (isinstance(value, str) and value == "")


def grid(raw: object, name: str) -> NDArray[Any]:
    """The cells of a raw argument, always 2-D; a trailing block of blank rows or columns is cut off.

    A one-dimensional sequence is one row. Numbers alone come as a float array, all else as objects.
    Raises CellError for rows of unequal length and for anything that is no range.
    """
    if isinstance(raw, np.ndarray):
        cells = np.atleast_2d(raw)
    elif isinstance(raw, Sequence) and not isinstance(raw, str):
        rows = [row if isinstance(row, (list, tuple)) else [row] for row in raw]
        if raw and not any(isinstance(row, (list, tuple)) for row in raw):
            rows = [list(raw)]
        if len({len(row) for row in rows}) > 1:
            raise CellError(f"{name} must be a rectangle of cells, not rows of unequal length")
        if set(map(type, chain.from_iterable(rows))) == {float}:
            return np.array(rows)  # the usual case, and three times as fast
        cells = np.empty((len(rows), len(rows[0]) if rows else 0), object)
        if cells.size:
            cells[:] = rows
    else:
        cells = np.empty((1, 1), object)
        cells[0, 0] = raw
    if cells.ndim != 2:
        raise CellError(f"{name} must be a range of rows and columns, not of {cells.ndim} dimensions")
    return cells if cells.dtype.kind in "fiu" else _trim(cells)


def numbers(raw: object, name: str, dtype: DType = FLOAT64) -> Array:
    """The numbers of a range, `[rows, columns]`, at least one: doubles, as cells hold them, or of another type.

    Raises CellError for blanks inside the data, text, TRUE or FALSE, errors, and numbers that are not finite in it.
    """
    cells = grid(raw, name)
    if not cells.size:
        raise CellError(f"{name} is blank: a range of numbers is needed")
    if cells.dtype.kind not in "fiu":
        _check_numbers(cells, name)
    with np.errstate(over="ignore"):
        array: Array = cells.astype(dtype)
    if not np.isfinite(array).all():
        row, column = np.argwhere(~np.isfinite(array))[0]
        raise CellError(f"{name} has {cells[row, column]} {_where(row, column)}: a finite number is needed")
    return array


def single(raw: object, name: str) -> object:
    """The one value of a cell; None where it is blank. Raises CellError for a range of several, and for errors."""
    cells = grid(raw, name)
    if cells.size > 1:
        raise CellError(f"{name} must be one cell, not {cells.shape[0]} x {cells.shape[1]}")
    value: object = cells[0, 0] if cells.size else None
    _check_error(value, name, "")
    return value.item() if isinstance(value, np.generic) else value


def text(raw: object, name: str) -> str:
    """The text of one cell, a number as Excel would show it; a blank cell is empty text."""
    value = single(raw, name)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)


def number(raw: object, name: str, low: float, high: float, whole: bool = False, note: str = "") -> float:
    """The number in one cell. Raises CellError unless it is between low and high, and whole where that is asked."""
    value = single(raw, name)
    allowed = f"{'a whole number ' if whole else ''}{low:.15g} to {high:.15g}{note}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CellError(f"{name} must be {allowed}, not {_show(value)}")
    if not low <= value <= high or (whole and not float(value).is_integer()):
        raise CellError(f"{name} must be {allowed}, not {value:.15g}")
    return float(value)


def spill(result: Any) -> Table:
    """A function's result as rows of plain Python values, as hosts write them."""
    if isinstance(result, np.ndarray):
        return result.tolist()
    return result if isinstance(result, list) else [[result]]


def check_result(result: Any, name: str) -> Any:
    """The result as it is; CellError where a number in it is not finite, so that no cell goes wrong silently."""
    values = result if isinstance(result, np.ndarray) else ()
    cells = [value for row in result for value in row] if isinstance(result, list) else [result]
    finite = np.isfinite(values).all() and all(math.isfinite(v) for v in cells if isinstance(v, float))
    if not finite:
        raise CellError(f"{name} gives numbers that are not finite: an input or an edited weight is too large")
    return result


def _trim(cells: NDArray[Any]) -> NDArray[Any]:
    filled = np.not_equal(cells, np.array(None)) & np.not_equal(cells, "")
    if filled.size == 0 or filled.all():
        return cells
    rows, columns = filled.any(axis=1), filled.any(axis=0)
    n_rows = int(np.flatnonzero(rows)[-1]) + 1 if rows.any() else 0
    n_columns = int(np.flatnonzero(columns)[-1]) + 1 if columns.any() else 0
    return cells[:n_rows, :n_columns]


def _check_numbers(cells: NDArray[Any], name: str) -> None:
    if {type(value) for value in cells.ravel().tolist()} <= {float}:
        return
    for (row, column), value in np.ndenumerate(cells):
        where = _where(row, column)
        _check_error(value, name, where)
        if is_blank(value):
            raise CellError(f"{name} has a blank cell {where}: a number is needed")
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
            raise CellError(f"{name} has {_show(value)} {where}: a number is needed")


def _check_error(value: object, name: str, where: str) -> None:
    if isinstance(value, str) and value.startswith(ERROR_MARK):
        raise CellError(value.removeprefix(ERROR_MARK))
    error = None
    if isinstance(value, Mapping):  # Office.js
        error = value.get("errorCode") or value.get("basicValue") or "an error"
    elif isinstance(value, int):
        error = _EXCEL_ERRORS.get(int(value))
    elif isinstance(value, str) and value in _EXCEL_ERRORS.values():
        error = value
    if error:
        raise CellError(" ".join(filter(None, [f"{name} has the error {error}", where])))


def _where(row: int, column: int) -> str:
    return f"in row {row + 1}, column {column + 1}"


def _show(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(value).upper()
    if value is None or value == "":
        return "a blank cell"
    shown = str(value)
    return f"the text {shown[:40]!r}" if isinstance(value, str) else shown[:40]
