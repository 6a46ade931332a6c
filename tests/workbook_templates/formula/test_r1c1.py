"""Formulas in R1C1 notation."""

from __future__ import annotations

import pytest

from workbook_templates.formula import parse, print_formula
from workbook_templates.formula.r1c1 import FilledDown, r1c1
from workbook_templates.formula.tree import moved


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("A5*2", "R[0]C[-2]*2"),
        ("$B$1+B$1+$B1", "R1C2+R1C[-1]+R[-4]C2"),
        ("SUM(A1:C5)", "SUM(R[-4]C[-2]:R[0]C[0])"),
        ("SUM(B:B)&SUM($3:$3)", "SUM(C[-1]:C[-1])&SUM(R3:R3)"),
        ("'A1'!B5+A1!B5", "'A1'!R[0]C[-1]+A1!R[0]C[-1]"),
        ('"A5"&Sales[A5]', '"A5"&Sales[A5]'),
        ("LOG10(A5)+1E5+ZZZ5", "LOG10(R[0]C[-2])+1E5+ZZZ5"),
        ("SUM(A$1:A5)", None),
        ("A1:INDEX(A:A,3)", None),
    ],
)
def test_a_formula_in_c5(formula: str, expected: str | None) -> None:
    seen = r1c1(formula, 5, 3)
    assert (seen and seen.replace("\0", "")) == expected


def test_a_name_is_not_taken_for_a_reference() -> None:
    assert r1c1("RC", 5, 3) != r1c1("C5", 5, 3)


@pytest.mark.parametrize(
    "formula", ["A5*$B$1+B$2", "SUM(A5:B7)*10%", '$A3&"A5%d"&5:6', "'A1'!A1+A:A+$3:$4", "LOG10+A1#"]
)
def test_a_formula_that_was_filled_down_is_recognized(formula: str) -> None:
    below = print_formula(moved(parse(formula), 3, 0))
    assert below != formula
    assert FilledDown.of(formula, 5).in_row(8) == below
    assert FilledDown.of(formula, 5).in_row(5) == formula
    assert r1c1(formula, 5, 4) == r1c1(below, 8, 4)
