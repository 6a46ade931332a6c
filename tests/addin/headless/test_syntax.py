from __future__ import annotations

import pytest

from addin.headless.address import Rect
from addin.headless.syntax import Call, Constant, Missing, Name, Operation, Reference, parse, plain_name, shift
from addin.headless.values import NAME, REF


@pytest.mark.parametrize(
    "stored",
    [
        "GPT2_BLOCK(1)",
        "_xldudf_GPT2_BLOCK(1)",
        "_xlfn._xldudf_GPT2_BLOCK(1)",
        "gpt2_block(1)",
        "[2]!GPT2_BLOCK(1)",
    ],
)
def test_every_host_stores_the_same_function(stored: str) -> None:
    assert parse(stored) == Call("GPT2_BLOCK", (Constant(1.0),))


def test_prefixes_of_functions_newer_than_the_format() -> None:
    assert [plain_name(n) for n in ("_xlfn.XLOOKUP", "_xlfn._xlws.SORT", "_xlpm.x")] == ["XLOOKUP", "SORT", "X"]


def test_references() -> None:
    assert parse("'It''s 5'!$B$3") == Reference("It's 5", Rect(3, 2, 3, 2))
    assert parse("Head!A1:B2") == Reference("Head", Rect(1, 1, 2, 2))
    assert parse("_xlfn.ANCHORARRAY('Block 0'!A5)") == Reference("Block 0", Rect(5, 1, 5, 1), anchor=True)
    assert parse("A5#") == Reference(None, Rect(5, 1, 5, 1), anchor=True)
    assert parse("B:C") == Reference(None, Rect(1, 2, 1_048_576, 3))
    assert parse("prompt") == Name(None, "PROMPT")
    assert parse("_xlfn.ANCHORARRAY(prompt)") == Name(None, "PROMPT", anchor=True)
    assert parse("[1]Other!A1") == Constant(REF)


def test_arguments_left_out_and_texts_with_line_ends() -> None:
    assert parse('F(1,,"a\nb")') == Call("F", (Constant(1.0), Missing(), Constant("a\nb")))
    assert parse("1+\n2") == Operation("+", (Constant(1.0), Constant(2.0)))


def test_what_cannot_be_read_is_an_error_in_the_cell() -> None:
    assert parse("Table1[x]") == Constant(NAME)
    assert parse("1+(") == Constant(NAME)


def test_shift_moves_only_relative_references() -> None:
    before = """A1+$A1+A$1+$A$1+'A1'!B2+"A1"+LOG10(A1)+A:B+$A:A+1:2+Sheet1!C3:D4+foo_A1+A1.5"""
    after = """C2+$A2+C$1+$A$1+'A1'!D3+"A1"+LOG10(C2)+C:D+$A:C+2:3+Sheet1!E4:F5+foo_A1+A1.5"""
    assert shift(before, 1, 2) == after
