"""The functions for the wrappers: errors become a cell's text, whole numbers become floats."""

from __future__ import annotations

import pytest

from addin.desktop import functions


def test_the_module_has_our_functions_and_no_others() -> None:
    assert functions.gpt2_gelu is functions.gpt2_gelu
    with pytest.raises(AttributeError, match="there is no function read_file"):
        functions.read_file  # noqa: B018


def test_a_wrong_argument_is_one_line() -> None:
    assert functions.gpt2_gelu("text") == [["#GPT2! x has the text 'text' in row 1, column 1: a number is needed"]]
    assert functions.gpt2_gelu("#GPT2! layer is wrong") == [["#GPT2! layer is wrong"]]


def test_whole_numbers_become_floats() -> None:
    table = functions.gpt2_info("tiny")
    assert {type(value) for row in table for value in row} <= {str, float, type(None)}
