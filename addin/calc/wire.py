"""What LibreOffice's Python and the project's say to each other through a pipe: cells as JSON and plain bytes.

A message is two lengths, a JSON text, and the float64 numbers of all arrays named in it. The standard library alone,
because LibreOffice's Python imports this file too.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Callable
from typing import IO, Any

_LENGTHS = struct.Struct("<II")  # of the JSON text and of the numbers, in bytes
_FLOAT64 = "d"
_ARRAY = "array"  # in the JSON text: rows and columns of an array whose numbers follow


def send(stream: IO[bytes], values: list[Any]) -> None:
    """Writes one message: single values, ranges (rows of values), and arrays (2-D memoryviews of float64)."""
    numbers: array[float] = array(_FLOAT64)
    text = json.dumps([_packed(value, numbers) for value in values]).encode()
    raw = numbers.tobytes()
    stream.write(_LENGTHS.pack(len(text), len(raw)) + text)
    stream.write(raw)
    stream.flush()


def receive(stream: IO[bytes], arrange: Callable[[array[float], int], Any]) -> list[Any]:
    """Reads one message. `arrange` makes what an array shall be of its numbers, row after row, and their columns.

    Raises EOFError where there is no message.
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


def _packed(value: Any, numbers: array[float]) -> Any:
    """A value as JSON can say it. An array's numbers are added to `numbers` instead, and so are a range's.

    Blank rows at the end of a range are no data and stay here: a workbook reserves many.
    """
    if isinstance(value, memoryview):
        numbers.frombytes(value.cast("B"))
        return {_ARRAY: value.shape}
    if not isinstance(value, (list, tuple)):
        return value
    rows = list(value)
    while len(rows) > 1 and rows[-1].count("") + rows[-1].count(None) == len(rows[-1]):
        rows.pop()
    start = len(numbers)
    try:
        for row in rows:
            numbers.extend(row)
    except TypeError:  # a text or a blank
        del numbers[start:]
        return rows
    return {_ARRAY: (len(rows), len(rows[0]))}


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError("the other side has gone")
    return data
