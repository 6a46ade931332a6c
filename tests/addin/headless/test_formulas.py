"""Spreadsheet functions and operators over spills, as the templates use them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from addin.headless import Workbook

Opened = Callable[..., Workbook]

# A1:B3 spills 10 11 / 20 21 / 30 31; D1:D4 are 1, "x", TRUE and a blank.
CELLS = {"A1": "=TOY_STAIR(3)", "D1": 1, "D2": "x", "D3": True, "F1": "=TOY_FAIL()", "F2": "=1/0"}
NAMES = {"top": "=S!$D$1", "twice": "=LAMBDA(x, x*2)", "endless": "=LAMBDA(x, endless(x))"}


def value(opened: Opened, formula: str) -> Any:
    book = opened({"S": {**CELLS, "H1": formula}}, NAMES)
    height = int(book.get("S!H20") or 0)
    assert not height
    rows = book.get_range("S!H1:L6")
    while len(rows) > 1 and all(cell is None for cell in rows[-1]):
        rows.pop()
    while len(rows[0]) > 1 and all(row[-1] is None for row in rows):
        rows = [row[:-1] for row in rows]
    return rows[0][0] if (len(rows), len(rows[0])) == (1, 1) else rows


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("=1+2*3^2", 19.0),
        ("=-2^2", 4.0),
        ("=50%", 0.5),
        ('="a"&1&TRUE', "a1TRUE"),
        ("=1/0", "#DIV/0!"),
        ("=10^400", "#NUM!"),
        ("=2>=2", True),
        ('="A"="a"', True),
        ("=ANCHORARRAY(A1)+1", [[11, 12], [21, 22], [31, 32]]),
        ("=(ANCHORARRAY(A1)*{1,10})", [[10, 110], [20, 210], [30, 310]]),
        ("=A1:A3+A1:B1", [[20, 21], [30, 31], [40, 41]]),
        ("=A1:A3+B1:B2", [[21], [41], ["#N/A"]]),
        ("=ANCHORARRAY(A1)>20", [[False, False], [False, True], [True, True]]),
        ("=ANCHORARRAY(A1)=21", [[False, False], [False, True], [False, False]]),
        ("=D1:D4*2", [[2], ["#VALUE!"], [2], [0]]),
        ("=ABS(D1:D4)", [[1], ["#VALUE!"], [1], [0]]),
        ("=SUM(ANCHORARRAY(A1))", 123.0),
        ("=SUM(D1:D4)", 1.0),
        ("=SUM(D1:D4,TRUE)", 2.0),
        ("=SUM(A1:B3,F2)", "#DIV/0!"),
        ("=MAX(A1:B9)", 31.0),
        ("=MIN(A1:B9)", 10.0),
        ("=AVERAGE(A1:A9)", 20.0),
        ("=AVERAGE(K1:K9)", "#DIV/0!"),
        ("=COUNT(A1:D9)", 7.0),
        ("=COUNTA(A1:D9)", 9.0),
        ("=COUNTBLANK(D1:D4)", 1.0),
        ("=SUMPRODUCT(A1:A3,B1:B3)", 1460.0),
        ("=SUMPRODUCT((A1:A3>10)*B1:B3)", 52.0),
        ("=ROWS(ANCHORARRAY(A1))", 3.0),
        ("=COLUMNS(ANCHORARRAY(A1))", 2.0),
        ("=ROW()", 1.0),
        ("=COLUMN(C5)", 3.0),
        ("=ROW(A2:A4)", [[2], [3], [4]]),
        ("=INDEX(ANCHORARRAY(A1),2,2)", 21.0),
        ("=INDEX(ANCHORARRAY(A1),0,2)", [[11], [21], [31]]),
        ("=INDEX(ANCHORARRAY(A1),2,0)", [[20, 21]]),
        ("=INDEX(A1:A3,3)", 30.0),
        ("=INDEX(A1:B1,2)", 11.0),
        ("=INDEX(ANCHORARRAY(A1),{3;1},{1,2})", [[30, 31], [10, 11]]),
        ("=INDEX(A1:A3,{1,3})", [[10, 30]]),
        ("=INDEX(A1:B3,{1,3},2)", [[11, 31]]),
        ("=INDEX(A1:B1,{2;1})", [[11], [10]]),
        ("=INDEX(ANCHORARRAY(A1),0,{2,1})", [[11, 10], [21, 20], [31, 30]]),
        ("=INDEX(A1:B3,4,1)", "#REF!"),
        ("=INDEX(A1:B3,{1;4},{1,2})", [[10, 11], ["#REF!", "#REF!"]]),
        ("=INDEX(5,1,{1,2})", [[5, "#REF!"]]),
        ("=CHOOSE(2,A1,A2)", 20.0),
        ("=CHOOSE(3,A1,A2)", "#VALUE!"),
        ('=CHOOSE({1,2},A1,"two")', [[10, "two"]]),
        ("=CHOOSE({1;2;1},A1:B3,-1)", [[10, 11], [-1, -1], [30, 31]]),
        ("=CHOOSE({1,3},1,2)", [[1, "#VALUE!"]]),
        ("=IFERROR(CHOOSE({1,3},1,2),0)", [[1, 0]]),
        ("=A2:INDEX(A1:B3,3,2)", [[20, 21], [30, 31]]),
        ("=SUM(A1:INDEX(ANCHORARRAY(A1),ROWS(ANCHORARRAY(A1)),1))", 60.0),
        ("=SUM(A1:INDEX(A1:B3,4,1))", "#REF!"),
        ("=SUM(A1:5)", "#VALUE!"),
        ("=SUM(A1:INDEX(A1:A3,2))", 30.0),
        ("=SUM(A1:INDEX(A1:B1,2))", 21.0),
        ("=SUM(A1:INDEX(A1:A3,4))", "#REF!"),
        ("=SUM(A1:INDEX(A1:B3,2))", "#VALUE!"),
        ("=SUM(INDEX(ANCHORARRAY(A1),1,2):INDEX(ANCHORARRAY(A1),2,2))", 32.0),
        ("=SUM((ANCHORARRAY(A1)>20)*1)", 3.0),
        ('=IF(K1:L3="",ANCHORARRAY(A1),K1:L3)', [[10, 11], [20, 21], [30, 31]]),
        ('=IF(D1:D4="",-1,D1:D4)', [[1], ["x"], [True], [-1]]),
        ('=IF({1;0;1},A1:A2,"no")', [[10], ["no"], ["#N/A"]]),
        ("=IF(A1:A3/{1;0;1}>0,1,2)", [[1], ["#DIV/0!"], [1]]),
        ("=MMULT(D1:D4,{1})", "#VALUE!"),
        ("=MMULT(A1:A3,A1:A3)", "#VALUE!"),
        ("=MMULT(A1:B1,F2)", "#DIV/0!"),
        ("=SUMPRODUCT(A1:A3,D1:D3)", 10.0),
        ("=SUMPRODUCT(A1:A3,B1:B2)", "#VALUE!"),
        ("=SUMSQ(A1:B1,D1:D4)", 222.0),
        ("=VARP(A1:A3)", 200 / 3),
        ("=VARP(K1:K9)", "#DIV/0!"),
        ("=AND(A1:A3>5,TRUE)", True),
        ("=OR(A1>15,D2:D4)", True),
        ("=AND(D2)", "#VALUE!"),
        ("=OR(A1>1,F2)", "#DIV/0!"),
        ("=ISTEXT(D1:D4)", [[False], [True], [False], [False]]),
        ("=MOD(A1:A3,{3;0;4})", [[1], ["#DIV/0!"], [2]]),
        ("=INT(-1.5)", -2.0),
        ("=MATCH(20,A1:A3,0)", 2.0),
        ("=MATCH(25,A1:A3)", 2.0),
        ("=MATCH(99,A1:A3,0)", "#N/A"),
        ('=MATCH("X",D1:D4,0)', 2.0),
        ('=TRIM("  two  words ")', "two words"),
        ("=INDEX(A1:A3,2)", 20.0),
        ("=INDEX(A1:A3,4)", "#REF!"),
        ("=XLOOKUP(20,A1:A3,B1:B3)", 21.0),
        ('=XLOOKUP(99,A1:A3,B1:B3,"none")', "none"),
        ("=ABS(-A1)", 10.0),
        ("=ABS(-ANCHORARRAY(A1))", [[10, 11], [20, 21], [30, 31]]),
        ("=SQRT(-1)", "#NUM!"),
        ('=TEXT(0.1234,"0.0%")', "12.3%"),
        ('=LEFT("tokens",3)', "tok"),
        ("=ISBLANK(D4)", True),
        ("=ISBLANK(D1)", False),
        ("=ISNUMBER(D1:D4)", [[True], [False], [False], [False]]),
        ('=IF(D1=1,"one","other")', "one"),
        ('=IF(A1:A3>10,"big","small")', [["small"], ["big"], ["big"]]),
        ("=IF(FALSE,1)", False),
        ("=IF(F2,1,2)", "#DIV/0!"),
        ("=IFERROR(F2,7)", 7.0),
        ("=IFERROR(A1:A3/{1;0;1},-1)", [[10], [-1], [30]]),
        ("=LET(x,A1+1,y,x*2,y+x)", 33.0),
        ("=MAP(A1:A3,LAMBDA(v,v*2))", [[20], [40], [60]]),
        ("=BYROW(ANCHORARRAY(A1),LAMBDA(r,SUM(r)))", [[21], [41], [61]]),
        ("=LET(f,LAMBDA(v,v+1),f(4))", 5.0),
        ("=twice(A2)", 40.0),
        ("=top+1", 2.0),
        ("=SEQUENCE(2,3)", [[1, 2, 3], [4, 5, 6]]),
        ("=SEQUENCE(3,1,0,5)", [[0], [5], [10]]),
        ("=SEQUENCE(D1,2)", [[1, 2]]),
        ("=SEQUENCE(F2)", "#DIV/0!"),
        ("=TAKE(ANCHORARRAY(A1),2)", [[10, 11], [20, 21]]),
        ("=TAKE(ANCHORARRAY(A1),-1,1)", 30.0),
        ("=TAKE(ANCHORARRAY(A1),,-1)", [[11], [21], [31]]),
        ("=TAKE(ANCHORARRAY(A1),9,9)", [[10, 11], [20, 21], [30, 31]]),
        ("=TAKE(ANCHORARRAY(A1),-9)", [[10, 11], [20, 21], [30, 31]]),
        ("=TAKE(ANCHORARRAY(A1),0)", "#CALC!"),
        ("=DROP(ANCHORARRAY(A1),2)", [[30, 31]]),
        ("=DROP(ANCHORARRAY(A1),-1,1)", [[11], [21]]),
        ("=DROP(ANCHORARRAY(A1),9)", "#CALC!"),
        ("=DROP(ANCHORARRAY(A1),-9)", "#CALC!"),
        ("=VSTACK(A1:B1,A3:B3)", [[10, 11], [30, 31]]),
        ("=HSTACK(A1:A2,B2:B3)", [[10, 21], [20, 31]]),
        ("=TRANSPOSE(ANCHORARRAY(A1))", [[10, 20, 30], [11, 21, 31]]),
        ("=MMULT(A1:B2,A1:B2)", [[320, 341], [620, 661]]),
        ('=HYPERLINK("#Head!A1","to the head")', "to the head"),
        ("=D4", 0.0),
        ("=D3:D4", [[True], [0]]),
        ("=ANCHORARRAY(D1)", "#REF!"),
        ("=Nowhere!A1", "#REF!"),
        ("=no_such_name", "#NAME?"),
        ("=SUM(A:A)", 60.0),
        ("=ABS()", "#VALUE!"),
        ("=EXP(1,2)", "#VALUE!"),
        ('=SEQUENCE(" 2E0 ",1)', [[1], [2]]),
        ('=SEQUENCE("inf")', "#VALUE!"),
        ('=SEQUENCE("٢")', "#VALUE!"),
        ("=SEQUENCE(3000,3000)", "#VALUE!"),
        ("=SEQUENCE(0)", "#VALUE!"),
        ('=SEQUENCE(REPT("9",400))', "#VALUE!"),
        ('=INDEX(A1:A3,"nan")', "#VALUE!"),
        ("=INDEX(A1:B3,{1;2},{1;2;2})", "#VALUE!"),
        ("=LET()", "#VALUE!"),
        ("=LAMBDA()", "#VALUE!"),
        ("=endless(1)", "#NUM!"),
    ],
)
def test_value(opened: Opened, formula: str, expected: Any) -> None:
    assert value(opened, formula) == expected


def test_a_plain_formula_takes_its_own_row(opened: Opened) -> None:
    book = opened(
        {"S": {"A1": 1, "A2": 2, "A3": 3, "C2": "-=A1:A3*10", "C3": "-=A1:A3", "C4": "-=SUM(A1:A3*1)", "C9": "-=A1:A3"}}
    )
    assert [book.get(f"S!C{row}") for row in (2, 3, 4, 9)] == [20.0, 3.0, "#VALUE!", "#VALUE!"]


def test_a_plain_formula_takes_its_own_row_of_a_whole_column(opened: Opened) -> None:
    book = opened(
        {"S": {"A3": 5, "A4": 6, "C4": "-=A:A*2", "C9": "-=A:A"}, "T": {"C50": "-=S!A:A*2", "D50": "-=S!3:3"}}
    )
    assert book.get_range("S!C4:C9") == [[12.0], [None], [None], [None], [None], [0.0]]
    assert book.get_range("T!C50:D50") == [[0.0, 0.0]], "below and beside what the other sheet has"


@pytest.mark.parametrize("operator", ["+", "&"])
def test_an_operation_may_be_as_long_as_excel_allows(opened: Opened, operator: str) -> None:
    count = 2_700  # three characters each
    book = opened({"S": {"A1": 1, "C1": "=" + operator.join(["A1"] * count)}})
    expected = {"+": count, "&": "1" * count}
    assert book.get("S!C1") == expected[operator]
    book.set("S!A1", 2)
    assert book.recalculate() == {"S!A1", "S!C1"}


def test_numbers_stay_exact(opened: Opened, toys: Any) -> None:
    tenth = float(np.float32(0.1))
    toys.functions["TOY_TENTH"] = lambda: np.full((2, 2), 0.1, np.float32)
    book = opened({"S": {"A1": "=TOY_TENTH()", "D1": "=ANCHORARRAY(A1)*3+0.2"}})
    assert book.get("S!B2") == tenth
    assert book.get("S!E2") == tenth * 3 + 0.2
    assert math.frexp(tenth)[0] != math.frexp(0.1)[0]


def test_branches_that_are_not_taken_are_not_evaluated(opened: Opened, toys: Any) -> None:
    book = opened({"S": {"A1": 1, "B1": '=IF(A1>5,TOY_DOUBLE(A1),"small")', "C1": "=IFERROR(A1,TOY_DOUBLE(A1))"}})
    book.set("S!A1", 2)
    book.recalculate()
    assert toys.calls["double"] == 0
    book.set("S!A1", 6)
    book.recalculate()
    assert (toys.calls["double"], book.get("S!B1")) == (1, 12.0)
