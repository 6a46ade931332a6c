"""Formulas as Excel's files store them."""

from __future__ import annotations

import pytest

from workbook_templates.formula import parse, print_formula
from workbook_templates.formula.stored import parse_stored, plain_name, stored
from workbook_templates.formula.tree import Call, Constant, Corner, Name, Node, Reference, Unsupported


@pytest.mark.parametrize(
    "formula",
    [
        "GPT2_BLOCK(1)",
        "_xldudf_GPT2_BLOCK(1)",
        "_xlfn._xldudf_GPT2_BLOCK(1)",
        "gpt2_block(1)",
        "[2]!GPT2_BLOCK(1)",
        r"'C:\add-ins\[gpt2.xlam]'!GPT2_BLOCK(1)",
        "gpt2.xlam!GPT2_BLOCK(1)",
        "(GPT2_BLOCK((1)))",
    ],
)
def test_every_host_stores_the_same_function(formula: str) -> None:
    assert parse_stored(formula) == Call("GPT2_BLOCK", (Constant(1.0),))


def test_prefixes_of_functions_newer_than_the_format() -> None:
    assert [plain_name(n) for n in ("_xlfn.XLOOKUP", "_xlfn._xlws.SORT", "_xlpm.x")] == ["XLOOKUP", "SORT", "X"]


A1, C3 = Corner(1, 1), Corner(3, 3)


@pytest.mark.parametrize(
    ("formula", "tree"),
    [
        ("_xlfn.ANCHORARRAY('Block 0'!A1)", Reference("Block 0", A1, spill=True)),
        ("_xlfn.ANCHORARRAY(prompt)", Name(None, "PROMPT", spill=True)),
        ("A1#", Reference(None, A1, spill=True)),
        ("prompt", Name(None, "PROMPT")),
        ("_xlfn.SINGLE(A1)", Call("SINGLE", (Reference(None, A1),))),
        ("@A1", Call("SINGLE", (Reference(None, A1),))),
        ("Head!A1:Head!C3", Reference("Head", Corner(1, 1, True, True), Corner(3, 3, True, True))),
        ("A1:Head!C3", Reference("A1:Head", C3)),
        ("[1]Other!A1", Reference("[1]Other", A1)),
        ("'[other.xlsx]Tab'!prompt", Name("[other.xlsx]Tab", "PROMPT")),
        ("1+(", Unsupported("1+(", "a formula that cannot be read")),
    ],
)
def test_plain_trees(formula: str, tree: Node) -> None:
    assert parse_stored(formula) == tree


@pytest.mark.parametrize(
    ("typed", "held"),
    [
        ("LET(long,A1,long+long#)", "_xlfn.LET(_xlpm.long,A1,_xlpm.long+_xlfn.ANCHORARRAY(_xlpm.long))"),
        ("LET(x,A1,LET(x,x+1,x*2))+x", "_xlfn.LET(_xlpm.x,A1,_xlfn.LET(_xlpm.x,_xlpm.x+1,_xlpm.x*2))+x"),
        ("LAMBDA(x,y,x&y&z)", "_xlfn.LAMBDA(_xlpm.x,_xlpm.y,_xlpm.x&_xlpm.y&z)"),
        ("SORT(FILTER(A1:B2,A1:A2))", "_xlfn._xlws.SORT(_xlfn._xlws.FILTER(A1:B2,A1:A2))"),
        ("@A1:A9", "_xlfn.SINGLE(A1:A9)"),
    ],
)
def test_stored_trees(typed: str, held: str) -> None:
    assert print_formula(stored(parse(typed), "_xldudf_")) == held
