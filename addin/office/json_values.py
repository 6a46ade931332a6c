"""Converts cells from and to JSON, in a few milliseconds for 64 x 768 numbers.

In: a list of calls, each a function's name and a list of arguments. An argument is a cell or rows of cells; a range
that contains only numbers becomes an array. `addin.office.packed` reads ranges that are arrays already.
Out: rows of cells. Numbers have the fewest digits that give the same float32.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import orjson

from addin.office.settings import MAX_BATCH
from udfs.cells import CellError, Rows, as_table
from udfs.cells.values import floats, only_floats
from udfs.excel_limits import MAX_TEXT

JSON = "application/json"  # the media type of calls and answers
MAX_RESULT_BYTES = 5_000_000  # the largest answer that Excel takes from an add-in
MAX_CELLS = 1_000_000
MAX_TEXTS = 200_000  # characters in all arguments of a call
_NUMBERS = {int, float}
_CELL_TYPES = {int, float, bool, str, dict, type(None)}


class Call(NamedTuple):
    """A function's name, and its arguments as they came."""

    name: str
    arguments: list[Any]


def read_calls(body: bytes) -> list[Call]:
    """The calls of a request. Raises CellError if the body is malformed or has too many."""
    try:
        calls = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        calls = _with_half_characters(body, error.msg)
    if not isinstance(calls, list) or not all(map(_is_call, calls)):
        raise CellError("the calls must be a JSON list, each a list of a function's name and a list of arguments")
    if len(calls) > MAX_BATCH:
        raise CellError(f"a request must have at most {MAX_BATCH} calls, not {len(calls)}")
    return [Call(*call) for call in calls]


def checked_arguments(arguments: list[Any]) -> list[Any]:
    """The arguments of a call, ranges of numbers as arrays. Raises CellError if they are malformed or too large."""
    n_cells = sum(argument.size for argument in arguments if isinstance(argument, np.ndarray))
    read = {
        number: _rows(argument, number)
        for number, argument in enumerate(arguments, start=1)
        if not isinstance(argument, np.ndarray)
    }
    types = {number: _types(rows) for number, rows in read.items()}
    for number, found in types.items():
        if strange := found - _CELL_TYPES:
            raise CellError(f"argument {number} has a {strange.pop().__name__} instead of a cell")
    _check_size(n_cells, read, types)
    checked = list(arguments)
    for number, rows in read.items():
        if types[number] and types[number] <= _NUMBERS and len({*map(len, rows)}) == 1:
            checked[number - 1] = floats(rows)
    return checked


def write_error(line: str) -> bytes:
    """An error as JSON."""
    return orjson.dumps({"error": _whole_characters(line)})


def write_result(rows: Rows, name: str) -> bytes:
    """A function's answer as JSON rows. Raises CellError if it is too large for Excel."""
    cells = np.ascontiguousarray(rows) if isinstance(rows, np.ndarray) and rows.size else _table(as_table(rows))
    body = orjson.dumps(cells, option=orjson.OPT_SERIALIZE_NUMPY)
    if len(body) > MAX_RESULT_BYTES:
        size = f"{len(cells)} x {len(cells[0])} cells, {len(body) / 1e6:.1f} MB"
        raise CellError(f"{name} gives {size}; Excel takes {MAX_RESULT_BYTES / 1e6:.0f} MB at once: ask for less")
    return body


def _with_half_characters(body: bytes, reason: str) -> Any:
    """JSON in which half a surrogate pair counts as U+FFFD; orjson refuses it, but LEFT of an emoji is one."""
    try:
        text = _whole_characters(json.dumps(json.loads(body), ensure_ascii=False))
        return orjson.loads(text)
    except (ValueError, RecursionError):
        raise CellError(f"the calls are not JSON: {reason}") from None


def _whole_characters(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_call(call: Any) -> bool:
    return isinstance(call, list) and len(call) == 2 and isinstance(call[0], str) and isinstance(call[1], list)


def _rows(argument: Any, number: int) -> list[list[Any]]:
    """An argument as rows of cells; a single cell is one row."""
    rows = argument if isinstance(argument, list) else [[argument]]
    if not all(isinstance(row, list) for row in rows):
        raise CellError(f"argument {number} must be a cell or a list of rows, each a list of cells")
    return rows


def _types(rows: list[list[Any]]) -> set[type]:
    """The types of the cells."""
    return {float} if only_floats(rows) and any(rows) else set(map(type, chain.from_iterable(rows)))


def _check_size(n_cells: int, read: Mapping[int, list[list[Any]]], types: Mapping[int, set[type]]) -> None:
    """Raises CellError for too many cells or too much text. n_cells: those of the arguments that are arrays already."""
    n_cells += sum(map(len, chain.from_iterable(read.values())))
    if n_cells > MAX_CELLS:
        raise CellError(f"the arguments must have at most {MAX_CELLS} cells, not {n_cells}")
    with_texts = [rows for number, rows in read.items() if str in types[number]]
    lengths = [len(cell) for rows in with_texts for cell in chain.from_iterable(rows) if isinstance(cell, str)]
    if max(lengths, default=0) > MAX_TEXT:
        raise CellError(f"a cell must hold at most {MAX_TEXT} characters, not {max(lengths)}")
    if sum(lengths) > MAX_TEXTS:
        raise CellError(f"the arguments must hold at most {MAX_TEXTS} characters of text, not {sum(lengths)}")


def _table(rows: list[list[Any]]) -> list[list[Any]]:
    """Blanks as empty texts, which Excel shows as blanks; numbers that came from float32 as float32."""
    return [[_cell(value) for value in row] for row in rows] if any(rows) else [[""]]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, float):
        narrow = np.float32(value)
        return narrow if float(narrow) == value else value
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise CellError(f"the text has {len(value)} characters; a cell holds {MAX_TEXT}")
    return _whole_characters(value) if isinstance(value, str) else value
