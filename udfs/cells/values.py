"""What a range, a blank and an error are, and how results become rows of cells.

Hosts pass ranges in several shapes: tuples, nested lists or arrays; None or "" for a blank; Excel's errors as text, as
a negative code or as a dict. Only this module knows them, so that functions see plain values and arrays.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from udfs import excel_errors
from udfs.backend.arrays import FLOAT64, Array, DType
from udfs.cells.errors import ERROR_MARK, CellError
from udfs.excel_limits import MAX_TEXT

# Rows of text and numbers, a header first; None is an empty cell.
Table: TypeAlias = list[list[Any]]
# What fills cells: rows, or a matrix if every cell is a number.
Rows: TypeAlias = "Table | Array"

_Result = TypeVar("_Result")
_SHORT = {float, int, bool, type(None)}  # types of cells that are never too long
_MOST_DIGITS = 20  # characters of a number below 1, with its zeros, before Excel writes an exponent


def is_blank(value: object) -> bool:
    """Whether a cell, or a range of one cell, is empty."""
    while isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    return value is None or (isinstance(value, str) and value == "")


def plain(raw: object, name: str) -> object:
    """A cell as its value, None if it is blank; a range of several cells as a matrix without its trailing blanks."""
    if is_blank(raw):
        return None
    if not isinstance(raw, (np.ndarray, list, tuple)):
        return raw
    cells = grid(raw, name)
    return cells.item() if cells.size == 1 else cells


def is_column(raw: object, name: str) -> bool:
    """Whether an argument is several cells below each other. Raises CellError as `grid` does."""
    if not isinstance(raw, (np.ndarray, list, tuple)):
        return False
    n_rows, n_columns = grid(raw, name).shape
    return n_rows > 1 and n_columns == 1


def grid(raw: object, name: str) -> NDArray[Any]:
    """The cells of an argument, `[rows, columns]`, without trailing blank rows and columns.

    A one-dimensional sequence is one row. Numbers come as an array of floats, everything else as objects.
    Raises CellError if the rows have unequal lengths, or if there are more than two dimensions.
    """
    if isinstance(raw, np.ndarray):
        cells = np.atleast_2d(raw if raw.dtype.kind in "fiuO" else raw.astype(object))
    elif isinstance(raw, Sequence) and not isinstance(raw, str):
        rows = [row if isinstance(row, (list, tuple)) else [row] for row in raw]
        if raw and not any(isinstance(row, (list, tuple)) for row in raw):
            rows = [list(raw)]
        if len({len(row) for row in rows}) > 1:
            raise CellError(f"{name} must be a rectangle of cells, not rows of unequal length")
        if rows and rows[0] and only_floats(rows):
            return floats(rows)  # the usual case
        cells = np.empty((len(rows), len(rows[0]) if rows else 0), object)
        if cells.size:
            cells[:] = rows
    else:
        cells = np.empty((1, 1), object)
        cells[0, 0] = raw
    if cells.ndim != 2:
        raise CellError(f"{name} must be a range of rows and columns, not of {cells.ndim} dimensions")
    return cells if cells.dtype.kind in "fiu" else _as_floats(_trimmed(cells))


def only_floats(rows: Sequence[Sequence[object]]) -> bool:
    """Whether every cell is a float, in half the time of a set of the cells' types."""
    return all([*map(type, row)].count(float) == len(row) for row in rows)


def floats(rows: Sequence[Sequence[float]]) -> Array:
    """A rectangle of Python numbers as a read-only array, several times as fast as `np.array`."""
    row_format = f"{len(rows[0])}d"
    return np.frombuffer(b"".join([struct.pack(row_format, *row) for row in rows])).reshape(len(rows), -1)


def numbers(raw: object, name: str, dtype: DType = FLOAT64) -> Array:
    """The numbers of a range, `[rows, columns]`, at least one. Cells hold doubles; `dtype` asks for another type.

    Raises CellError for blanks inside the data, text, TRUE or FALSE, errors, and numbers that are not finite in that
    type.
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


def filled(raw: object, name: str) -> list[object]:
    """The cells of a range, row by row, at least one. Raises CellError if one of them is blank."""
    cells = grid(raw, name)
    if not cells.size:
        raise CellError(f"{name} is blank: a text is needed")
    for (row, column), value in np.ndenumerate(cells):
        if is_blank(value):
            raise CellError(f"{name} has a blank cell in row {row + 1}, column {column + 1}: a text is needed")
    return cells.ravel().tolist()


def single(raw: object, name: str) -> object:
    """The value of one cell, None if it is blank. Raises CellError for a range of several cells, and for errors."""
    value = raw if isinstance(raw, (str, int, float)) else _only_cell(grid(raw, name), name)
    if is_blank(value):
        return None
    _check_error(value, name, "")
    _check_size(value, name, "")
    return value.item() if isinstance(value, np.generic) else value


def text(raw: object, name: str) -> str:
    """The text of one cell: a number as Excel would show it, a blank cell as an empty text."""
    value = single(raw, name)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise CellError(f"{name} must be a text or a finite number, not {value}")
        return number_text(float(value))
    return "" if value is None else str(value)


def number_text(value: float) -> str:
    """A finite number as Excel joins it to a text: 15 digits, and an exponent if that is shorter than 20 characters."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    mantissa, _, exponent = f"{value:.14e}".partition("e")
    power = int(exponent)
    sign, digits = ("-" if value < 0 else ""), mantissa.lstrip("-").replace(".", "").rstrip("0")
    if power > 19 or (power < 0 and 1 - power + len(digits) > _MOST_DIGITS):
        decimals = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{decimals}E{'-' if power < 0 else '+'}{abs(power):02d}"
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    digits = digits.ljust(power + 1, "0")
    decimals = digits[power + 1 :]
    return f"{sign}{digits[: power + 1]}{'.' * bool(decimals)}{decimals}"


def number(raw: object, name: str, low: float, high: float, note: str = "") -> float:
    """The number in one cell. Raises CellError unless it is between low and high."""
    return _number(raw, name, f"{low:.15g} to {high:.15g}{note}", low, high)


def whole(raw: object, name: str, low: int, high: int, note: str = "") -> int:
    """The whole number in one cell. Raises CellError unless it is whole, and between low and high."""
    allowed = f"a whole number {low} to {high}{note}"
    value = _number(raw, name, allowed, low, high)
    if not value.is_integer():
        raise CellError(f"{name} must be {allowed}, not {value:.15g}")
    return int(value)


def rows_of(result: Any) -> Rows:
    """A function's result as rows of cells. A table is copied, so that a host cannot change one that is kept."""
    if isinstance(result, np.ndarray):
        return np.atleast_2d(result)
    return [list(row) for row in result] if isinstance(result, list) else [[result]]


def as_table(result: Any) -> Table:
    """A function's result as rows of plain Python values."""
    rows = rows_of(result)
    return rows.tolist() if isinstance(rows, np.ndarray) else rows


def error_in(rows: Rows) -> str | None:
    """The message of an answer that is an error, without the mark; None for any other answer."""
    if isinstance(rows, np.ndarray) or len(rows) != 1 or len(rows[0]) != 1:
        return None
    value = rows[0][0]
    return value.removeprefix(ERROR_MARK) if isinstance(value, str) and value.startswith(ERROR_MARK) else None


def check_finite(result: _Result, name: str) -> _Result:
    """The result itself. Raises CellError if it has a number that is not finite, so that no cell is silently wrong."""
    values = result if isinstance(result, np.ndarray) else ()
    cells = [value for row in result for value in row] if isinstance(result, list) else [result]
    finite = np.isfinite(values).all() and all(math.isfinite(v) for v in cells if isinstance(v, float))
    if not finite:
        raise CellError(f"{name} gives numbers that are not finite: an input or an edited weight is too large")
    return result


def check_length(cells: object, name: str) -> None:
    """Raises CellError for a text that is too long for a cell, among the cells of an argument or of a result."""
    if isinstance(cells, str):
        if len(cells) > MAX_TEXT:
            raise CellError(f"{name} must have at most {MAX_TEXT} characters in a cell, not {len(cells)}")
    elif isinstance(cells, (list, tuple)) or (isinstance(cells, np.ndarray) and cells.dtype == object):
        if set(map(type, cells)) <= _SHORT:
            return
        for cell in cells:
            check_length(cell, name)


def _only_cell(cells: NDArray[Any], name: str) -> object:
    if cells.size > 1:
        raise CellError(f"{name} must be one cell, not {cells.shape[0]} x {cells.shape[1]}")
    return cells[0, 0] if cells.size else None


def _number(raw: object, name: str, allowed: str, low: float, high: float) -> float:
    value = single(raw, name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CellError(f"{name} must be {allowed}, not {_shown(value)}")
    if not low <= value <= high:
        raise CellError(f"{name} must be {allowed}, not {value:.15g}")
    return float(value)


def _trimmed(cells: NDArray[Any]) -> NDArray[Any]:
    has_value = np.not_equal(cells, np.array(None)) & np.not_equal(cells, "")
    if has_value.size == 0 or has_value.all():
        return cells
    rows, columns = has_value.any(axis=1), has_value.any(axis=0)
    n_rows = int(np.flatnonzero(rows)[-1]) + 1 if rows.any() else 0
    n_columns = int(np.flatnonzero(columns)[-1]) + 1 if columns.any() else 0
    return cells[:n_rows, :n_columns]


def _as_floats(cells: NDArray[Any]) -> NDArray[Any]:
    """The cells as an array of floats, if every one of them is a float."""
    return cells.astype(np.float64) if cells.size and only_floats(cells.tolist()) else cells


def _check_numbers(cells: NDArray[Any], name: str) -> None:
    for (row, column), value in np.ndenumerate(cells):
        where = _where(row, column)
        _check_error(value, name, where)
        _check_size(value, name, where)
        if is_blank(value):
            raise CellError(f"{name} has a blank cell {where}: a number is needed")
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
            raise CellError(f"{name} has {_shown(value)} {where}: a number is needed")


def _check_error(value: object, name: str, where: str) -> None:
    if isinstance(value, str) and value.startswith(ERROR_MARK):
        raise CellError(value.removeprefix(ERROR_MARK))
    error = None
    if isinstance(value, Mapping):  # Office.js
        error = value.get("errorCode") or value.get("basicValue") or "an error"
    elif isinstance(value, (int, np.integer)):
        error = excel_errors.of_com_code(int(value))
    elif isinstance(value, str) and value in excel_errors.ALL:
        error = value
    if error:
        raise CellError(" ".join(filter(None, [f"{name} has the error {error}", where])))


def _check_size(value: object, name: str, where: str) -> None:
    """Raises CellError for a whole number that is too large for a cell."""
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        size = f"a whole number of more than {sys.float_info.max_10_exp} digits"
        raise CellError(" ".join(filter(None, [f"{name} has {size}", where])) + ": a cell cannot hold it")


def _where(row: int, column: int) -> str:
    return f"in row {row + 1}, column {column + 1}"


def _shown(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(value).upper()
    if value is None or value == "":
        return "a blank cell"
    shown = str(value)
    return f"the text {shown[:40]!r}" if isinstance(value, str) else shown[:40]
