from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.backend.arrays import FLOAT32
from udfs.cells import CellError, values

finite = st.floats(-(2.0**99), 2.0**99, width=32)
tables = st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(finite, min_size=width, max_size=width), min_size=1))
blank = st.sampled_from([None, ""])


@given(tables, st.integers(0, 3), st.integers(0, 3), blank)
def test_ranges_of_every_host_mean_the_same(rows: list[list[float]], below: int, right: int, empty: object) -> None:
    expected = np.array(rows, np.float32)
    padded = [row + [empty] * right for row in rows] + [[empty] * (len(rows[0]) + right)] * below
    objects = np.empty((len(padded), len(padded[0])), object)
    objects[:] = padded
    for raw in (rows, tuple(map(tuple, rows)), expected, expected.astype(float), padded, objects):
        np.testing.assert_array_equal(values.numbers(raw, "x"), expected)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (5, [[5]]),
        (5.5, [[5.5]]),
        ([1, 2], [[1, 2]]),
        ((1, 2), [[1, 2]]),
        ([[1], [2]], [[1], [2]]),
        (np.float32(2), [[2]]),
    ],
)
def test_single_cells_and_rows(raw: object, expected: list[list[float]]) -> None:
    assert values.numbers(raw, "x").tolist() == expected


BAD_NUMBERS: list[tuple[Any, str]] = [
    (None, "x is blank: a range of numbers is needed"),
    ("", "x is blank: a range of numbers is needed"),
    ([[None, ""]], "x is blank: a range of numbers is needed"),
    ([[1, None, 2]], "x has a blank cell in row 1, column 2: a number is needed"),
    ([[None, 1]], "x has a blank cell in row 1, column 1: a number is needed"),
    ([[1], ["two"]], "x has the text 'two' in row 2, column 1: a number is needed"),
    ([["3"]], "x has the text '3' in row 1, column 1: a number is needed"),
    ([[True]], "x has TRUE in row 1, column 1: a number is needed"),
    ([[1, float("nan")]], "x has nan in row 1, column 2: a finite number is needed"),
    ([[1, float("inf")]], "x has inf in row 1, column 2: a finite number is needed"),
    (np.array([[1, np.nan]]), "x has nan in row 1, column 2: a finite number is needed"),
    ([[1e300]], "x has 1e+300 in row 1, column 1: a finite number is needed"),
    ([[1, "#DIV/0!"]], "x has the error #DIV/0! in row 1, column 2"),
    ([[1, -2146826281]], "x has the error #DIV/0! in row 1, column 2"),
    ([[1, {"type": "Error", "errorCode": "#REF!"}]], "x has the error #REF! in row 1, column 2"),
    ([["#GPT2! layer must be 0 to 11"]], "layer must be 0 to 11"),
    ([[1, 2], [3]], "x must be a rectangle of cells, not rows of unequal length"),
    (np.zeros((2, 2, 2)), "x must be a range of rows and columns, not of 3 dimensions"),
    ([], "x is blank: a range of numbers is needed"),
]


@pytest.mark.parametrize(("raw", "message"), BAD_NUMBERS)
def test_a_cell_that_is_not_a_number_is_named(raw: object, message: str) -> None:
    with pytest.raises(CellError) as error:
        values.numbers(raw, "x", FLOAT32)
    assert str(error.value) == message


def test_a_cell_holds_a_double() -> None:
    assert values.numbers([[1e300, 0.1]], "x").tolist() == [[1e300, 0.1]]
    assert values.numbers([[0.1]], "x", FLOAT32).tolist() == [[float(np.float32(0.1))]]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("=1+1", "=1+1"),
        (" a ", " a "),
        (None, ""),
        (42.0, "42"),
        (1.5, "1.5"),
        (True, "TRUE"),
        ([["x"]], "x"),
        (7, "7"),
    ],
)
def test_text(raw: object, expected: str) -> None:
    assert values.text(raw, "prompt") == expected


def test_a_text_must_be_one_cell() -> None:
    with pytest.raises(CellError, match=r"^prompt must be one cell, not 1 x 2$"):
        values.text([["a", "b"]], "prompt")


@pytest.mark.parametrize("raw", ["#NAME?", -2146826259, {"basicValue": "#NAME?"}])
def test_an_error_is_not_a_text(raw: object) -> None:
    with pytest.raises(CellError, match=r"^prompt has the error #NAME\?$"):
        values.text(raw, "prompt")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (12, "layer must be a whole number 0 to 11 for gpt2, not 12"),
        (-1, "layer must be a whole number 0 to 11 for gpt2, not -1"),
        (1.5, "layer must be a whole number 0 to 11 for gpt2, not 1.5"),
        (5.0000001, "layer must be a whole number 0 to 11 for gpt2, not 5.0000001"),
        ("1", "layer must be a whole number 0 to 11 for gpt2, not the text '1'"),
        (True, "layer must be a whole number 0 to 11 for gpt2, not TRUE"),
        (None, "layer must be a whole number 0 to 11 for gpt2, not a blank cell"),
        (float("nan"), "layer must be a whole number 0 to 11 for gpt2, not nan"),
        (float("inf"), "layer must be a whole number 0 to 11 for gpt2, not inf"),
    ],
)
def test_a_number_within_bounds(raw: object, message: str) -> None:
    with pytest.raises(CellError) as error:
        values.whole(raw, "layer", 0, 11, " for gpt2")
    assert str(error.value) == message


def test_rows_are_plain_python_values() -> None:
    assert values.as_table(np.array([[1, 2]], np.float32)) == [[1.0, 2.0]]
    assert type(values.as_table(np.array([[1]], np.float32))[0][0]) is float
    assert values.as_table("text") == [["text"]]
    assert values.as_table([["a", 1]]) == [["a", 1]]


@pytest.mark.parametrize("result", [np.array([[np.nan]]), np.array([[np.inf]]), [["a", float("nan")]], float("inf")])
def test_a_result_that_is_not_finite_is_an_error(result: object) -> None:
    with pytest.raises(CellError, match=r"^GPT2_X gives numbers that are not finite"):
        values.check_finite(result, "GPT2_X")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0.1 + 0.2, "0.3"),
        (0.7000000000000001, "0.7"),
        (1 / 3, "0.333333333333333"),
        (1 / 3e5, "3.33333333333333E-06"),
        (0.00001, "0.00001"),
        (-1.5, "-1.5"),
        (1e19, "10000000000000000000"),
        (1.5e20, "1.5E+20"),
        (123456789012345678.0, "123456789012346000"),
        (-0.0, "0"),
    ],
)
def test_a_number_as_a_text_has_15_digits(number: float, shown: str) -> None:
    assert values.text(number, "x") == shown


@pytest.mark.parametrize("number", [2**2000, [[1.0, -(10**400)]]])
def test_a_number_that_no_cell_can_hold(number: object) -> None:
    with pytest.raises(CellError, match="more than 308 digits"):
        values.numbers(number, "x")


@pytest.mark.parametrize(
    "flag", [np.bool_(True), np.array([True]), np.array([[1.0, True]], object), [[np.bool_(False)]]]
)
def test_booleans_of_numpy_are_booleans(flag: object) -> None:
    with pytest.raises(CellError, match=r"x has (TRUE|FALSE) in row 1"):
        values.numbers(flag, "x")


@pytest.mark.parametrize("code", [-2146826288, -2146826243, -2146826238, np.int64(-2146826237), -2146826030])
def test_every_error_code_of_com_is_an_error(code: int) -> None:
    with pytest.raises(CellError, match="x has the error #"):
        values.numbers([[1.0, code]], "x")
    with pytest.raises(CellError, match="x has the error #"):
        values.text(code, "x")
