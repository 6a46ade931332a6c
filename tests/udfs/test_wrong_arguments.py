"""Every function, every argument, every kind of wrong input: one line that names the argument."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.udfs.example_calls import MODEL, WORKING, WRONG, arguments_of, call, wrong_values
from udfs.cells import ERROR_MARK, FUNCTIONS, CellError

MAY_BE_BLANK = {"components", "edits", "minus", "plus", "text"}


def test_every_function_is_listed_and_its_call_works() -> None:
    assert [name.upper() for name in WORKING] == list(FUNCTIONS)
    for name in WORKING:
        result = call(name)
        assert isinstance(result, (str, float, np.ndarray, list))


def test_every_argument_is_listed_and_no_other() -> None:
    named = {f"{name}.{argument}" for name in WORKING for argument in arguments_of(name)}
    assert WRONG.keys() <= named | {argument.partition(".")[2] for argument in named}


# The other words with which a message may begin, because the argument is a part of them.
ALSO_NAMED = {
    "model": ("index of", "a model text"),
    "name": ("model must be", "index of", "a model text"),
    "place": ("layer",),
    "vector": ("a vector is", "layer must be", "feature must be"),
}


@pytest.mark.parametrize(
    ("name", "argument"), [(name, argument) for name in WORKING for argument in arguments_of(name)]
)
def test_a_wrong_argument_is_one_line_that_names_it(name: str, argument: str) -> None:
    for wrong in wrong_values(name, argument):
        message = refusal(name, argument, wrong)
        assert "\n" not in message, wrong
        assert len(message) < 300, wrong
        assert message.startswith((argument, *ALSO_NAMED.get(argument, ()))), (wrong, message)
        cells = {"model": MODEL} | WORKING[name] | {argument: wrong}
        rows = FUNCTIONS[name.upper()].answer([cells.get(a) for a in arguments_of(name)])
        assert rows == [[ERROR_MARK + message]], wrong


def refusal(name: str, argument: str, wrong: Any) -> str:
    """The message of the error for a wrong argument."""
    try:
        result = call(name, **{argument: wrong})
    except CellError as error:
        return str(error)
    pytest.fail(f"{name} takes {wrong!r} as {argument} and gives {result!r}")


@pytest.mark.parametrize("name", [name for name in WORKING if WORKING[name]])
def test_a_missing_argument_is_named(name: str) -> None:
    optional = {argument.name for argument in FUNCTIONS[name.upper()].arguments if argument.optional}
    for argument in WORKING[name].keys() - MAY_BE_BLANK - optional:
        with pytest.raises(CellError, match=f"^{argument} is missing: [a-z]"):
            call(name, **{argument: None})


@pytest.mark.parametrize("name", [name for name in WORKING if WORKING[name]])
def test_the_first_error_travels(name: str) -> None:
    """A function whose argument is another function's error raises the same line again."""
    for argument in WORKING[name]:
        with pytest.raises(CellError, match=r"^the first cause$"):
            call(name, **{argument: [[ERROR_MARK + "the first cause"]]})
