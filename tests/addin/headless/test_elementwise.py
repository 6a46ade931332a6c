"""Operators over arrays give each cell what they give for that cell alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from addin.headless.functions.arithmetic import settled
from addin.headless.functions.elementwise import chosen, find
from addin.headless.values import DIV, NA, NUM, VALUE, XlError, as_grid, from_cells, without_booleans

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # a recalculation switches numpy's off

OPERATORS = ("&", "+", "-", "*", "/", "=", "<>", "<", ">", "<=", ">=")
plain = st.sampled_from([0.0, 1.0, -2.5, 3.0, None, True, False])
scalars = st.one_of(plain, st.sampled_from(["", "a", "A", "b", "x y", NA, DIV]))


@st.composite
def grids(draw: st.DrawFn, items: st.SearchStrategy[Any]) -> Any:
    cells = np.empty((2, 3), object)
    cells.reshape(-1)[:] = draw(st.lists(items, min_size=6, max_size=6))
    return from_cells(cells)


numbers = st.sampled_from([1.0, 0.0, 5.0])
grids_of_any = st.one_of(
    *map(grids, (plain, scalars, st.none(), numbers, st.one_of(numbers, st.none()), st.sampled_from(["a", None])))
)


def elementwise(name: str, arguments: list[Any]) -> Any:
    function = find(name, len(arguments))
    assert function is not None
    return function(*arguments)


def rows(value: Any) -> list[list[Any]]:
    """The cells with their types: True is not 1."""
    return [[(type(item), item) for item in row] for row in as_grid(without_booleans(value)).tolist()]


def cell_by_cell(function: Callable[..., Any], arguments: list[Any]) -> list[list[Any]]:
    """What the function gives for each cell alone."""
    grids = np.broadcast_arrays(*map(as_grid, arguments))
    cells = [
        [function(*items) for items in zip(*lines, strict=True)]
        for lines in zip(*(g.tolist() for g in grids), strict=True)
    ]
    return rows(from_cells(np.array(cells, object)))


@given(st.sampled_from(OPERATORS), grids_of_any, st.one_of(grids_of_any, scalars))
def test_operators(operator: str, first: Any, second: Any) -> None:
    function = find(operator, 2)
    assert function is not None
    assert rows(function(first, second)) == cell_by_cell(function, [first, second])


@given(grids_of_any, st.one_of(grids_of_any, scalars), st.one_of(grids_of_any, scalars))
def test_if(condition: Any, yes: Any, no: Any) -> None:
    def one(condition: Any, yes: Any, no: Any) -> Any:
        if isinstance(condition, str):
            return condition if isinstance(condition, XlError) else VALUE
        picked = yes if condition else no
        return 0.0 if picked is None else picked

    assert rows(chosen(condition, yes, no)) == cell_by_cell(one, [condition, yes, no])


@pytest.mark.parametrize("name", ["INT", "MOD", "ABS", "SQRT", "-"])
@given(st.data())
def test_functions(name: str, data: st.DataObject) -> None:
    arguments = [data.draw(grids_of_any), *([data.draw(grids_of_any)] if name in ("MOD", "-") else [])]
    function = find(name, len(arguments))
    assert function is not None
    assert rows(function(*arguments)) == cell_by_cell(function, arguments)


@pytest.mark.parametrize("name", ["+", "-"])
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=2), st.floats(-1e3, 1e3))
def test_last_sums(name: str, numbers: list[float], other: float) -> None:
    grid = np.array([[*numbers, other, -other]])
    assert rows(settled(name)(grid, other)) == cell_by_cell(settled(name), [grid, other])


def test_comparisons_of_arrays_are_arrays_of_booleans() -> None:
    numbers, blank = np.array([[1.0, 2.0]]), from_cells(np.full((1, 2), None, object))
    assert as_grid(elementwise(">", [numbers, 1.0])).dtype == bool
    assert as_grid(elementwise("=", [blank, ""])).tolist() == [[True, True]]


def test_an_error_compared_with_blanks_stays_an_error() -> None:
    blank = from_cells(np.full((1, 2), None, object))
    assert rows(elementwise("=", [blank, NA])) == [[(type(NA), NA)] * 2]


def test_an_error_counts_before_text() -> None:
    text, error = (from_cells(np.array([["", 1.0]], object)), from_cells(np.array([[NA, 1.0]], object)))
    assert rows(elementwise("+", [text, error])) == [[(type(NA), NA), (float, 2.0)]]


def test_an_array_with_one_condition_for_all_is_not_copied() -> None:
    values = np.array([[1.0, 2.0]])
    assert chosen(np.array([[True, True]]), values, "other") is values


def test_arrays_of_different_shapes_are_padded() -> None:
    condition = np.array([[True], [False], [True]])
    assert as_grid(chosen(condition, np.array([[1.0], [2.0]]), 0.0)).tolist() == [[1.0], [0.0], [NA]]


@pytest.mark.parametrize(("name", "value"), [("EXP", 1000.0), ("LN", 0.0), ("SQRT", -1.0)])
def test_what_is_not_a_number(name: str, value: float) -> None:
    assert elementwise(name, [value]) == NUM
    assert as_grid(elementwise(name, [np.array([[1.0, value]])]))[0, 1] == NUM


def test_text_that_is_not_a_number() -> None:
    assert elementwise("+", ["x", 1.0]) == VALUE
    assert elementwise("+", ["2", 1.0]) == 3.0
