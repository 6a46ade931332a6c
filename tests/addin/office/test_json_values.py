"""Cells to JSON and back: every value and its type are kept."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from addin.office.json_values import checked_arguments, read_calls, write_error, write_result
from udfs.cells import CellError
from udfs.cells.values import rows_of

CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)  # fmt: skip
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(st.lists(CELLS, max_size=4), max_size=4))
def test_cells_arrive_as_they_were_sent(rows: list[list[Any]]) -> None:
    (got,) = checked_arguments(json.loads(json.dumps([rows])))
    if isinstance(got, np.ndarray):
        assert {type(cell) for row in rows for cell in row} <= {int, float}
        assert got.dtype == np.float64
        got = got.tolist()
    assert got == rows


@given(st.lists(st.lists(FLOATS, min_size=3, max_size=3), min_size=1, max_size=4))
def test_numbers_come_back_as_the_same_float32(rows: list[list[float]]) -> None:
    array = np.array(rows, np.float32)
    np.testing.assert_array_equal(np.array(json.loads(write_result(array, "F")), np.float32), array)
    table = write_result([["header", None, "x"], *array.tolist()], "F")
    np.testing.assert_array_equal(np.array(json.loads(table)[1:], np.float32), array)


def test_numbers_have_no_more_digits_than_they_need() -> None:
    assert write_result(np.array([[0.1, 1.0, 1e-10]], np.float32), "F") == b"[[0.1,1.0,1e-10]]"
    assert write_result([[float(np.float32(0.1)), 0.1, 7]], "F") == b"[[0.1,0.1,7]]"


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ("text", b'[["text"]]'),
        ("=text", b'[["=text"]]'),
        (1.5, b"[[1.5]]"),
        (None, b'[[""]]'),
        ([["a", None], [True, 2]], b'[["a",""],[true,2]]'),
        ([], b'[[""]]'),
        (np.ones(3, np.float32), b"[[1.0,1.0,1.0]]"),
        (np.ones((2, 3), np.float32).T, b"[[1.0,1.0],[1.0,1.0],[1.0,1.0]]"),
        (np.ones((2, 0), np.float32), b'[[""]]'),
    ],
)
def test_results_of_every_shape_are_rows(result: Any, shown: bytes) -> None:
    assert write_result(rows_of(result), "F") == shown


def test_a_text_too_long_for_a_cell_is_an_error() -> None:
    with pytest.raises(CellError, match="the text has 32768 characters; a cell holds 32767"):
        write_result([["a" * 32_768]], "F")


def test_a_text_as_long_as_a_cell_holds_goes_both_ways() -> None:
    body = write_result([["a" * 32_767]], "F")
    assert body == b'[["' + b"a" * 32_767 + b'"]]'
    assert checked_arguments(json.loads(b"[" + body + b"]")) == [[["a" * 32_767]]]


def test_what_is_no_cell_is_named_by_the_number_of_its_argument() -> None:
    with pytest.raises(CellError, match=r"^argument 2 has a list instead of a cell$"):
        checked_arguments(json.loads(b'[[[1]], [["a", ["b"]]]]'))
    with pytest.raises(CellError, match=r"^argument 1 must be a cell or a list of rows, each a list of cells$"):
        checked_arguments(json.loads(b"[[1, 2]]"))


def test_true_among_numbers_is_no_number() -> None:
    (got,) = checked_arguments(json.loads(b"[[[1, true]]]"))
    assert got == [[1, True]]


def test_64_x_768_there_and_back() -> None:
    array = np.random.default_rng(0).standard_normal((64, 768)).astype(np.float32)
    (back,) = checked_arguments(json.loads(b"[" + write_result(array, "F") + b"]"))
    np.testing.assert_array_equal(back.astype(np.float32), array)


def _read(body: bytes) -> None:
    for call in read_calls(body):
        checked_arguments(call.arguments)


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"a":' * 200_000, b'[["GPT2_GELU",' + b"[" * 900 + b"]" * 900 + b"]]"]
)
def test_deep_nesting_is_one_line(body: bytes) -> None:
    with pytest.raises(CellError) as error:
        _read(body)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200


def test_half_a_surrogate_pair_counts_as_a_replacement_character() -> None:
    (call,) = read_calls(b'[["F",["a\\ud83d",{}]]]')
    assert call.arguments[0] == "a\ufffd"
    assert write_result([["a\ud83d"]], "F").decode() == '[["a\ufffd"]]'
    assert write_error("not 'a\ud83d'").decode() == """{"error":"not 'a\ufffd'"}"""


def test_what_is_not_json_is_one_line() -> None:
    for body in (b"[", b'["\\ud83d"', b"[" * 100_000):
        with pytest.raises(CellError, match="the calls are not JSON"):
            read_calls(body)
