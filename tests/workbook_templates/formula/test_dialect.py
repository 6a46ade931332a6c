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
        ("WRAPROWS(SORTBY(A1#,A1#),2)", "_xlfn.WRAPROWS(_xlfn.SORTBY(_xlfn.ANCHORARRAY(A1),_xlfn.ANCHORARRAY(A1)),2)"),
        ("HSTACK(TAKE(A1:B2,1),DROP(A1#,1))", "_xlfn.HSTACK(_xlfn.TAKE(A1:B2,1),_xlfn.DROP(_xlfn.ANCHORARRAY(A1),1))"),
    ],
)
def test_office_stores_prefixes_that_excel_hides(typed: str, stored: str) -> None:
    assert dialect_of("office").formula(typed) == stored
    assert dialect_of("desktop").formula(typed) == stored.replace("_xldudf_", "")


def test_an_unknown_host_is_an_error() -> None:
    with pytest.raises(ValueError, match="host must be office or desktop or headless or calc, not 'gnumeric'"):
        dialect_of("gnumeric")
