"""Registered functions: what a cell shows, and what a Python caller gets."""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tests.broken_gelu import BrokenGelu
from udfs.backend.arrays import Array
from udfs.backend.stopping import Stopped, check_wanted, stopped_by
from udfs.cells import ERROR_MARK, FUNCTIONS, CellError, CellFunction, Table, cell_function, error_in
from udfs.cells import arguments as arg
from udfs.cells.log import log_to_file

calls: list[str] = []


def gpt2_double(x: ArrayLike, k: int = 2, model: str = "") -> Array:
    """Twice as much, of every number in a range.

    x: the numbers to double
    k: the factor, which may be
        described at length

    Columns stay columns.

    Raises: CellError if x is not a range of
    numbers.
    Example: =GPT2_DOUBLE(A1:B2)
    """
    calls.append("double")
    return arg.numbers(x, "x", arg.model(model).dtype) * arg.count(k, "k")


def gpt2_rows(text: str) -> Table:
    """A table that a caller might change."""
    return [["text"], [arg.text(text, "text")]]


@pytest.fixture
def functions() -> Iterator[None]:
    """Registers both functions for one test."""
    before = dict(FUNCTIONS)
    cell_function(gpt2_double)
    cell_function(gpt2_rows)
    yield
    FUNCTIONS.clear()
    FUNCTIONS.update(before)


@pytest.fixture
def double(functions: None) -> CellFunction:
    calls.clear()
    return FUNCTIONS["GPT2_DOUBLE"]


def test_functions_are_in_alphabetical_order(functions: None) -> None:
    assert list(FUNCTIONS) == sorted(FUNCTIONS)
    assert {"GPT2_BLOCK", "GPT2_DOUBLE"} <= FUNCTIONS.keys()


def test_help_is_read_from_the_signature_and_the_docstring(double: CellFunction) -> None:
    assert (double.name, double.help) == ("GPT2_DOUBLE", "Twice as much, of every number in a range.")
    assert double.example == "=GPT2_DOUBLE(A1:B2)"
    assert [(a.name, a.optional) for a in double.arguments] == [("x", False), ("k", True), ("model", True)]
    assert [argument.help for argument in double.arguments] == [
        "the numbers to double",
        "the factor, which may be described at length",
        arg.HELP["model"],
    ]


def test_blank_and_omitted_arguments_take_the_default(double: CellFunction) -> None:
    for cells in (
        [[[1, 2]]],
        [[[1, 2]], None, ""],
        [[[1, 2]], [[""]], [[None]]],
        [((1.0, 2.0, None), (None, "", None)), ((2.0,),)],
        [np.array([[1.0, 2.0]]), np.array([[2.0]], object), np.array([[None]], object)],
    ):
        assert np.asarray(double.answer(cells)).tolist() == [[2, 4]]


def test_equal_content_is_computed_once(double: CellFunction) -> None:
    x = np.random.RandomState(0).standard_normal((2, 2))
    first = double.answer([x, 7.0, "tiny"])
    again = double.answer([x.tolist(), 7.0, "tiny"])
    assert calls == ["double"]
    np.testing.assert_array_equal(first, again)
    for other in ([x + 1, 7.0, "tiny"], [x, 8.0, "tiny"], [x, 7.0, "tiny ; bos"], [x.T, 7.0, "tiny"]):
        double.answer(other)
    assert len(calls) == 5


def test_the_default_model_may_change(double: CellFunction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_EXCEL_MODEL", "demo")
    double.answer([[[1, 3]]])
    monkeypatch.setenv("GPT2_EXCEL_MODEL", "tiny")
    double.answer([[[1, 3]]])
    assert len(calls) == 2


def test_an_answer_cannot_be_changed_for_the_next_caller(double: CellFunction) -> None:
    rows = double.answer([[[1, 2]]])
    assert isinstance(rows, np.ndarray)
    with pytest.raises(ValueError, match="read-only"):
        rows[0, 0] = 9
    table = FUNCTIONS["GPT2_ROWS"].answer(["a"])
    table[1][0] = "changed"
    assert FUNCTIONS["GPT2_ROWS"].answer(["a"]) == [["text"], ["a"]]


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        ([], "x is missing: the numbers to double"),
        ([[[None]]], "x is missing: the numbers to double"),
        ([[["a"]]], "x has the text 'a' in row 1, column 1: a number is needed"),
        ([[[1.0], [2.0, 3.0]]], "x must be a rectangle of cells, not rows of unequal length"),
        ([1, 2, "nowhere"], "model must be one on this machine (demo, tiny), not 'nowhere'"),
        ([1, 2, "tiny", 4], "GPT2_DOUBLE takes at most 3 arguments, not 4"),
        ([ERROR_MARK + "the first cause"], "the first cause"),
    ],
)
def test_a_wrong_argument_is_one_line(double: CellFunction, cells: list[object], line: str) -> None:
    assert double.answer(cells) == [[ERROR_MARK + line]]
    assert error_in(double.answer(cells)) == line


def test_a_bug_is_one_line_and_a_traceback_in_the_log(broken_gelu: BrokenGelu) -> None:
    log_to_file()
    assert not broken_gelu.log.parent.exists()
    assert FUNCTIONS["GPT2_GELU"].answer([1]) == [[ERROR_MARK + broken_gelu.line]]
    assert broken_gelu.is_logged()


def test_an_error_of_numpy_is_a_bug(double: CellFunction, caplog: pytest.LogCaptureFixture) -> None:
    def mismatched(x: object, k: object, model: object) -> Array:
        return np.ones((2, 3)) @ np.ones((2, 3))

    broken = CellFunction(double.name, double.help, double.arguments, "", mismatched)
    (((line,),),) = (broken.answer([5]),)
    assert line == f"{ERROR_MARK}GPT2_DOUBLE failed: ValueError (a bug; gpt2-excel doctor names the log)"
    assert "matmul" in caplog.text


def test_a_log_that_cannot_be_written_breaks_no_cell(broken_gelu: BrokenGelu) -> None:
    log_to_file()
    broken_gelu.log.parent.write_text("a file where the folder should be")
    assert FUNCTIONS["GPT2_GELU"].answer([1]) == [[ERROR_MARK + broken_gelu.line]]


def test_too_little_memory_is_not_a_bug(double: CellFunction, caplog: pytest.LogCaptureFixture) -> None:
    def large(x: object, k: object, model: object) -> Array:
        raise MemoryError

    (line,) = CellFunction(double.name, double.help, double.arguments, "", large).answer([6])
    assert line == [f"{ERROR_MARK}GPT2_DOUBLE needs more memory than this machine has: ask for less"]
    assert not caplog.records


def test_a_stopped_call_raises(double: CellFunction) -> None:
    def waiting(x: object, k: object, model: object) -> Array:
        check_wanted()
        return np.ones((1, 1))

    stop = threading.Event()
    stop.set()
    with stopped_by(stop), pytest.raises(Stopped):
        CellFunction(double.name, double.help, double.arguments, "", waiting).answer([7])


def test_a_python_caller_may_omit_arguments_or_pass_none(functions: None) -> None:
    function = cell_function(gpt2_double)
    assert function([[1, 2]]).tolist() == [[2, 4]]
    assert function([[1, 2]], None, model="tiny").tolist() == [[2, 4]]  # type: ignore[arg-type]
    assert function(x=[[1, 2]], k=3).tolist() == [[3, 6]]


def test_a_python_caller_may_change_the_result(functions: None) -> None:
    result = cell_function(gpt2_double)([[1, 2]])
    result[0, 0] = 9
    assert cell_function(gpt2_double)([[1, 2]]).tolist() == [[2, 4]]


def test_wrong_calls_in_python_raise(functions: None) -> None:
    function = cell_function(gpt2_double)
    with pytest.raises(TypeError, match=r"^gpt2_double\(\) got an unexpected keyword argument 'kk'$"):
        function([[1]], kk=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^gpt2_double\(\) too many positional arguments$"):
        function([[1]], 2, "tiny", 4)  # type: ignore[call-arg]
    with pytest.raises(CellError, match=r"^x is missing: the numbers to double$"):
        function()  # type: ignore[call-arg]
    with pytest.raises(CellError, match=r"^model must be one on this machine"):
        function([[1]], 1, "nowhere")


def test_the_python_function_keeps_its_signature_and_names_every_argument(functions: None) -> None:
    function = cell_function(gpt2_double)
    assert inspect.signature(function) == inspect.signature(gpt2_double)
    assert function.__doc__ == (
        "Twice as much, of every number in a range.\n\n"
        f"x: the numbers to double\nk: the factor, which may be described at length\nmodel: {arg.HELP['model']}\n\n"
        "Columns stay columns.\n\nRaises: CellError if x is not a range of numbers.\nExample: =GPT2_DOUBLE(A1:B2)"
    )


def test_importing_udfs_configures_no_logging() -> None:
    assert logging.getLogger("udfs").level == logging.NOTSET
    assert logging.getLogger("udfs").propagate
