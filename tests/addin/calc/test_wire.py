"""Values come out of the pipe as they went in."""

from __future__ import annotations

import io
from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from addin.calc import wire

cells = st.one_of(st.text(), st.floats(allow_nan=False), st.just(""), st.none())
numbers = st.floats(allow_nan=False)


def ranges(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[list[Any]]]:
    return st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(values, min_size=n, max_size=n), min_size=1))


def there_and_back(values: list[Any]) -> list[Any]:
    stream = io.BytesIO()
    wire.send(stream, values)
    stream.seek(0)
    back = wire.receive(stream, in_rows)
    assert stream.read() == b""
    return back


def in_rows(flat: array[float], columns: int) -> list[list[float]]:
    return [flat[start : start + columns].tolist() for start in range(0, len(flat), columns)]


def without_blank_rows(rows: list[list[Any]]) -> list[list[Any]]:
    """Drops blank rows at the end, but keeps one row."""
    kept = len(rows)
    while kept > 1 and all(cell in ("", None) for cell in rows[kept - 1]):
        kept -= 1
    return rows[:kept]


@given(st.lists(st.one_of(cells, ranges(cells), ranges(numbers))))
@example([[[1.0, 2.0], ["", None]]])
def test_values_and_ranges(values: list[Any]) -> None:
    expected = [without_blank_rows(value) if isinstance(value, list) else value for value in values]
    assert there_and_back(values) == expected


def test_numbers_travel_as_bytes() -> None:
    stream = io.BytesIO()
    wire.send(stream, [[[0.1] * 768] * 10 + [[""] * 768] * 6])
    assert stream.tell() < 768 * 10 * 8 + 100


def test_a_numpy_array() -> None:
    x = np.arange(6, dtype=np.float64).reshape(2, 3)
    assert there_and_back([x.data, "text"]) == [x.tolist(), "text"]


def test_a_pipe_that_ends() -> None:
    with pytest.raises(EOFError):
        wire.receive(io.BytesIO(b""), in_rows)
