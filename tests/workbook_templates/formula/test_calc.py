"""Formulas as LibreOffice's files store them: every range has a fixed size."""

from __future__ import annotations

import re

import pytest

from tests.books import Books
from tests.workbook_templates.files import opened
from udfs.cells import FUNCTIONS
from workbook_templates.formula.calc import CalcDialect, calc_name, method

GELU, TOKENS, EDIT = map(calc_name, ("GPT2_GELU", "GPT2_TOKENIZE", "GPT2_EDIT"))


@pytest.fixture
def dialect() -> CalcDialect:
    """A dialect that knows a table of 4 x 3 at Tokens!A7, and a band of 2 x 84 at 'Block 0'!C9."""
    dialect = CalcDialect()
    dialect.declare("Tokens", "A7", 4, 3)
    dialect.declare("Block 0", "C9", 2, 84)
    return dialect


@pytest.mark.parametrize(
    ("read", "held"),
    [
        ("GPT2_GELU(C9#)", f"{GELU}($C$9:$CH$10)"),
        ("SUM('Block 0'!$C$9#)", "SUM('Block 0'!$C$9:$CH$10)"),
        ("SUM(PART(Tokens!A7#,1,2,1))", "SUM(Tokens!$A$8:$B$10)"),
        ("SUM(PART(Tokens!$A$7#,3,3,0))", "SUM(Tokens!$C$7:$C$10)"),
        ("MAX(INDEX(Tokens!A7#,0,3))", "MAX(Tokens!$C$7:$C$10)"),
        ('"A7# LET("&"PART("', '"A7# LET("&"PART("'),
        ("SUM(SEQUENCE(3))", "SUM(ROW(Start!$A$1:$A$3))"),
        ("SUM(SEQUENCE(3,,2))", "SUM(ROW(Start!$A$1:$A$3)+1)"),
        ("SUM(SEQUENCE(1,3))", "SUM(COLUMN(Start!$A$1:$C$1))"),
        ("SUM(SEQUENCE(2,3))", "SUM((ROW(Start!$A$1:$A$2)-1)*3+COLUMN(Start!$A$1:$C$1))"),
        ("LET(t,GPT2_TOKENIZE(A1),IF(ROWS(t)=2,t,0))", f"IF(ROWS({TOKENS}(A1))=2,{TOKENS}(A1),0)"),
        ("LET(x,A1+1,d,x*2,d-x)", "((A1+1)*2)-(A1+1)"),
        ('LET(t,A1,t&" t "&token)', 'A1&" t "&token'),
        ('TEXTJOIN("",TRUE,A1:A2)', '_xlfn.TEXTJOIN("",TRUE,A1:A2)'),
    ],
)
def test_one_cell(dialect: CalcDialect, read: str, held: str) -> None:
    assert dialect.formula(read, "Block 0") == held


@pytest.mark.parametrize(
    ("read", "held"),
    [
        ("GPT2_TOKENIZE(A1)", f"{TOKENS}(A1,,5,2)"),
        ("GPT2_GELU(GPT2_GELU(A1:B2))", f"{GELU}({GELU}(A1:B2),5,2)"),
        ("IF(A1=0,GPT2_GELU(A1),Tokens!A7#)", f"IF(A1=0,{GELU}(A1,5,2),Tokens!$A$7:$C$10)"),
        ("IF(ISTEXT(A1),A1,B1:B2+1)", f'IF(ISTEXT(A1),{EDIT}(A1,"",5,2),B1:B2+1)'),
        ('IF(A1>9,"#GPT2! too many: "&A1,"")', f'IF(A1>9,{EDIT}("#GPT2! too many: "&A1,"",5,2),"")'),
        ("PART(GPT2_TOKENIZE(A1),2,3,1)", f"INDEX({TOKENS}(A1,,6,),ROW(Start!$A$1:$A$5)+1,COLUMN(Start!$A$1:$B$1)+1)"),
        ("PART(GPT2_TOKENIZE(A1),2,2,1)", f"INDEX({TOKENS}(A1,,6,),ROW(Start!$A$1:$A$5)+1,2)"),
    ],
)
def test_every_cell_of_an_array_has_a_value(dialect: CalcDialect, read: str, held: str) -> None:
    assert dialect.formula(read, "Block 0", 5, 2) == held


@pytest.mark.parametrize("read", ["SORTBY(C9#,C9#)", "SEQUENCE(A1)", "SUM(PART(A1+B1,1,2,1))"])
def test_writing_a_formula_that_libreoffice_lacks_is_an_error(dialect: CalcDialect, read: str) -> None:
    with pytest.raises(ValueError, match="LibreOffice has no"):
        dialect.formula(read, "Block 0")


@pytest.mark.parametrize("template", ["mri", "surgery", "generation"])
def test_conditional_formats_compare_texts_as_libreoffice_can(template: str, books: Books) -> None:
    office = opened(books.small(template, host="calc"))
    conditions = [
        condition
        for sheet in office
        for found in sheet.conditional_formatting
        for rule in found.rules
        for condition in rule.formula
    ]
    assert conditions
    assert not [condition for condition in conditions if re.search(r'\d="[^"]', condition)]


def test_rules_of_many_cells_read_few(books: Books) -> None:
    """LibreOffice looks through all cells of a rule whenever a cell that it reads changes."""
    rules = [
        (list(found.sqref.ranges), rule)
        for sheet in opened(books.small("anatomy", host="calc"))
        for found in sheet.conditional_formatting
        for rule in found.rules
    ]
    scales = [rule.colorScale.cfvo for ranges, rule in rules if rule.colorScale and len(ranges) > 1]
    assert scales
    assert {limit.type for limits in scales for limit in limits} == {"formula", "num"}
    rows = [condition for (cells, *_), rule in rules if cells.min_row < cells.max_row for condition in rule.formula]
    assert any("ROW()" in condition for condition in rows)
    reads_labels = [condition for condition in rows if "$A" in condition or "$B" in condition]
    assert reads_labels == ["LEN($A8)=0"]  # of the band with the labels that all others repeat


def test_every_function_has_its_own_name() -> None:
    assert len({method(name) for name in FUNCTIONS}) == len(FUNCTIONS)
    assert calc_name("GPT2_ATTENTION_MIX") == "ORG.GPT2EXCEL.GPT2ATTENTIONMIX"
