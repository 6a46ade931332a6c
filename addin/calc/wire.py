"""The messages between LibreOffice's Python and the worker process: cells as JSON, and numbers as plain bytes.

A message has two lengths, a JSON text, and the float64 numbers of all its arrays. This module uses only the standard
library, because LibreOffice's Python imports it, too.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Callable
from typing import IO, Any

_LENGTHS = struct.Struct("<II")  # in bytes, of the JSON text and of the numbers
_FLOAT64 = "d"
_ARRAY = "array"  # the JSON key for the rows and columns of an array


def send(stream: IO[bytes], values: list[Any]) -> None:
    """Writes one message: single values, ranges (rows of values), and arrays (2-D memoryviews of float64)."""
    numbers: list[bytes] = []
    text = json.dumps([_packed(value, numbers) for value in values]).encode()
    raw = b"".join(numbers)
    stream.write(_LENGTHS.pack(len(text), len(raw)) + text)
    stream.write(raw)
    stream.flush()


def receive(stream: IO[bytes], arrange: Callable[[array[float], int], Any]) -> list[Any]:
    """Reads one message. `arrange` makes an array from its numbers, row after row, and its number of columns.

    Raises EOFError if the other side has closed the pipe.
    """
    n_text, n_raw = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    text = _exactly(stream, n_text)
    numbers: array[float] = array(_FLOAT64)
    numbers.frombytes(_exactly(stream, n_raw))
    values, start = [], 0
    for value in json.loads(text):
        if isinstance(value, dict):
            rows, columns = value[_ARRAY]
            values.append(arrange(numbers[start : start + rows * columns], columns))
            start += rows * columns
        else:
            values.append(value)
    return values


def _packed(value: Any, numbers: list[bytes]) -> Any:
    """A value for the JSON text. The bytes of arrays and numeric ranges are appended to `numbers` instead.

    Blank rows at the end of a range are not data and are not sent: a workbook reserves many.
    """
    if isinstance(value, memoryview):
        numbers.append(value.tobytes())
        return {_ARRAY: value.shape}
    if not isinstance(value, (list, tuple)):
        return value
    rows = list(value)
    while len(rows) > 1 and rows[-1].count("") + rows[-1].count(None) == len(rows[-1]):
        rows.pop()
    try:
        raw = b"".join(struct.pack(f"{len(row)}{_FLOAT64}", *row) for row in rows)
    except struct.error:  # a text or a blank
        return rows
    numbers.append(raw)
    return {_ARRAY: (len(rows), len(rows[0]))}


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError("the other side has closed the pipe")
    return data
