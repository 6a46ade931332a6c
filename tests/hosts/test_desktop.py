"""Values between Excel for Windows and our functions: every function, ranges, blanks, errors, spills."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import udfs
from tests.broken_gelu import BREAK_GELU, BrokenGelu
from tests.hosts.desktop_host import calls, from_excel
from tests.udfs.example_calls import MODEL, WORKING, wrong_values
from udfs.cells import ERROR_MARK, FUNCTIONS, as_table

Call = Callable[[str, Sequence[object]], list[list[Any]]]


@pytest.fixture(scope="module")
def excel() -> Iterator[Call]:
    with calls() as call:
        yield call


def arguments_of(name: str, given: dict[str, Any]) -> list[Any]:
    """A call's arguments in order, None for those left out; the model is `tiny`."""
    given = {"model": MODEL, **given}
    return [given.get(argument.name) for argument in FUNCTIONS[name.upper()].arguments]


def in_python(name: str, arguments: list[Any]) -> list[list[Any]]:
    return as_table(FUNCTIONS[name.upper()].answer(arguments))


@pytest.mark.parametrize("name", WORKING)
def test_every_function_gives_the_same_rows_as_in_python(excel: Call, name: str) -> None:
    arguments = arguments_of(name, WORKING[name])
    rows, wanted = excel(name.upper(), arguments), in_python(name, arguments)
    assert not str(wanted[0][0]).startswith(ERROR_MARK)
    assert [[None if value == "" else value for value in row] for row in wanted] == rows


@pytest.mark.parametrize("name", WORKING)
def test_every_wrong_argument_is_one_line(excel: Call, name: str) -> None:
    tried = 0
    for argument in FUNCTIONS[name.upper()].arguments:
        for wrong in filter(holds, wrong_values(name, argument.name)):
            arguments = arguments_of(name, {**WORKING[name], argument.name: wrong})
            wanted = in_python(name, arguments)
            if str(wanted[0][0]).startswith(ERROR_MARK):
                assert excel(name.upper(), arguments) == wanted
                assert len(str(wanted[0][0]).splitlines()) == 1
                tried += 1
    assert tried


def holds(value: object) -> bool:
    """Whether Excel's cells can hold the value: no NaN or infinity, no objects, no rows of unequal length."""
    try:
        items = np.array(value, object).ravel().tolist()
    except ValueError:
        return False
    finite = all(np.isfinite(item) for item in items if isinstance(item, float))
    return finite and not any(isinstance(item, (dict, list)) for item in items)


@pytest.mark.parametrize(
    ("cells", "passed"),
    [
        ([[1, 2.5], [None, "a"]], ((1.0, 2.5), (None, "a"))),
        ([["only"]], "only"),
        ([[3]], 3.0),
        (None, None),
        (True, True),
        ("#DIV/0!", -2146826281),
        ([[1.0, "#N/A"]], ((1.0, -2146826246),)),
    ],
)
def test_com_passes_a_range(cells: object, passed: object) -> None:
    assert from_excel(cells) == passed


def test_a_range_of_one_cell_is_its_value(excel: Call) -> None:
    assert excel("GPT2_TOKENIZE", [[["Hello"]]]) == [["position", "token", "id"], [0, "Hello", 15496]]
    assert excel("GPT2_EMBED", [[[464]], MODEL]) == excel("GPT2_EMBED", [464, MODEL])


def test_a_row_and_a_column_keep_their_direction(excel: Call) -> None:
    assert np.shape(excel("GPT2_GELU", [[[1.0, 2.0, 3.0]]])) == (1, 3)
    assert np.shape(excel("GPT2_GELU", [[[1.0], [2.0], [3.0]]])) == (3, 1)
    assert np.shape(excel("GPT2_GELU", [[[1.0]]])) == (1, 1)


def test_trailing_blank_rows_are_not_data(excel: Call) -> None:
    x = [[1.0, 2.0], [3.0, 4.0], [None, None]]
    assert excel("GPT2_GELU", [x]) == excel("GPT2_GELU", [x[:2]])
    assert excel("GPT2_GELU", [[[1.0, None], [3.0, 4.0]]]) == [
        [f"{ERROR_MARK}x has a blank cell in row 1, column 2: a number is needed"]
    ]


def test_empty_cells_of_a_table_are_empty(excel: Call) -> None:
    scores = excel("GPT2_ATTENTION_SCORES", arguments_of("gpt2_attention_scores", WORKING["gpt2_attention_scores"]))
    assert scores[0][1:] == [None, None]


def test_a_bug_is_one_line_and_a_traceback_in_the_log(broken_gelu: BrokenGelu) -> None:
    with calls(BREAK_GELU) as broken_excel:
        assert broken_excel("GPT2_GELU", [1.0]) == [[ERROR_MARK + broken_gelu.line]]
    assert broken_gelu.is_logged()


def test_text_that_looks_like_a_formula_stays_text(excel: Call) -> None:
    assert excel("GPT2_DETOKENIZE", [[[row[2]] for row in udfs.gpt2_tokenize("=1+1")[1:]]]) == [["=1+1"]]
