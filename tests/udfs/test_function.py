from __future__ import annotations

import numpy as np
import pytest

from udfs import arguments as arg
from udfs.backend.arrays import Array
from udfs.cells import CellError, Table
from udfs.function import cell_function, describe

calls: list[str] = []


@cell_function
def gpt2_double(x: arg.Numbers, k: arg.Count = 2, model: arg.Model = arg.LEFT_OUT) -> Array:
    """Twice as much, of every number in a range.

    x: what is doubled

    Example: =GPT2_DOUBLE(A1:B2)
    """
    calls.append("double")
    return x * k


@cell_function
def gpt2_rows(text: arg.Text) -> Table:
    """A table that a caller might write into."""
    return [["text"], [text]]


def test_arguments_by_position_by_name_and_left_out() -> None:
    assert gpt2_double([[1, 2]]).tolist() == [[2, 4]]
    assert gpt2_double([[1, 2]], None, "").tolist() == [[2, 4]]
    assert gpt2_double([[1, 2]], [[""]], [[None]]).tolist() == [[2, 4]]
    assert gpt2_double(x=[[1, 2]], k=3, model="tiny").tolist() == [[3, 6]]


def test_equal_content_is_computed_once_and_other_content_anew() -> None:
    x = np.random.RandomState(0).standard_normal((2, 2))
    calls.clear()
    first = gpt2_double(x, 7, "tiny")
    again = gpt2_double(x.tolist(), 7.0, "tiny")
    assert calls == ["double"]
    np.testing.assert_array_equal(first, again)
    for other in ((x + 1, 7, "tiny"), (x, 8, "tiny"), (x, 7, "tiny ; bos"), (x.T, 7, "tiny")):
        gpt2_double(*other)
    assert len(calls) == 5


def test_a_result_cannot_be_changed_for_the_next_caller() -> None:
    with pytest.raises(ValueError, match="read-only"):
        gpt2_double([[1, 2]])[0, 0] = 9
    table = gpt2_rows("a")
    table[1][0] = "changed"
    table.append(["more"])
    assert gpt2_rows("a") == [["text"], ["a"]]


def test_describe_reads_signature_and_docstring() -> None:
    description = describe(gpt2_double)
    assert (description.name, description.help) == ("GPT2_DOUBLE", "Twice as much, of every number in a range.")
    assert description.example == "=GPT2_DOUBLE(A1:B2)"
    assert [(a.name, a.optional) for a in description.arguments] == [("x", False), ("k", True), ("model", True)]
    assert description.arguments[0].help == "what is doubled"
    assert description.arguments[1].help == "how many, at least 1"


def test_errors_of_the_backend_become_errors_of_cells() -> None:
    with pytest.raises(CellError, match=r"^model must be one on this machine"):
        gpt2_double([[1]], 1, "nowhere")
