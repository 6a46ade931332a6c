"""Formulas as a person reads them, and as each host's file stores them."""

from __future__ import annotations

import pytest

from workbook_templates.formula import dialect_of


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("GPT2_GELU(C9#)", "_xldudf_GPT2_GELU(_xlfn.ANCHORARRAY(C9))"),
        ("'Block 0'!$C$9#+Head!C7#", "_xlfn.ANCHORARRAY('Block 0'!$C$9)+_xlfn.ANCHORARRAY(Head!C7)"),
        ("LET(x,C9#,IF(x=0,model,x))", "_xlfn.LET(_xlpm.x,_xlfn.ANCHORARRAY(C9),IF(_xlpm.x=0,model,_xlpm.x))"),
        ('IF(prompt="","#GPT2! x C9# GPT2_GELU(",1)', 'IF(prompt="","#GPT2! x C9# GPT2_GELU(",1)'),
        ('"a ""C9#"" b"&C9#', '"a ""C9#"" b"&_xlfn.ANCHORARRAY(C9)'),
        ("INDEX(SORTBY(A1#,A1#),2)", "INDEX(_xlfn.SORTBY(_xlfn.ANCHORARRAY(A1),_xlfn.ANCHORARRAY(A1)),2)"),
        ("A1:INDEX(A1:B9,ROWS(C1#),{1,2})", "A1:INDEX(A1:B9,ROWS(_xlfn.ANCHORARRAY(C1)),{1,2})"),
    ],
)
def test_office_stores_prefixes_that_excel_hides(typed: str, stored: str) -> None:
    assert dialect_of("office").formula(typed) == stored
    assert dialect_of("lite").formula(typed) == stored
    assert dialect_of("desktop").formula(typed) == stored.replace("_xldudf_", "")


def test_an_unknown_host_is_an_error() -> None:
    with pytest.raises(ValueError, match="host must be office or lite or desktop or headless or calc, not 'gnumeric'"):
        dialect_of("gnumeric")


def test_a_part_of_a_table_is_read_without_newer_functions() -> None:
    part = dialect_of("office").part
    assert part("A7#", 1, 2, above=1) == "INDEX(A7#,SEQUENCE(ROWS(A7#)-1,,2),{1,2})"
    assert part("t", 3, 3) == "INDEX(t,SEQUENCE(ROWS(t)),3)"
