"""Formula text to trees and back."""

from __future__ import annotations

import html
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.books import Books
from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS
from workbook_templates import TEMPLATES
from workbook_templates.formula import FormulaError, parse, print_formula
from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import (
    MISSING,
    Array,
    Call,
    Constant,
    Corner,
    Error,
    Name,
    Node,
    Operation,
    Parentheses,
    Reference,
    Table,
    moved,
    transform,
    walk,
)

A1, B2 = Reference(None, Corner(1, 1)), Reference(None, Corner(2, 2))


def number(value: float) -> Constant:
    return Constant(value)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1.5", number(1.5)),
        (".5e-3", number(0.0005)),
        ('"a ""b"" c"', Constant('a "b" c')),
        ("true", Constant(True)),
        ("#N/A", Error("#N/A")),
        ("#REF!$A$1", Error("#REF!")),
        ("Head!#REF!", Error("#REF!")),
        ('{1,-2;"a",#N/A}', Array(((number(1), number(-2)), (Constant("a"), Error("#N/A"))))),
        ("$A1:B$2", Reference(None, Corner(1, 1, fixed_column=True), Corner(2, 2, fixed_row=True))),
        ("A1:A1", Reference(None, Corner(1, 1), Corner(1, 1))),
        ("B:$C", Reference(None, Corner(None, 2), Corner(None, 3, fixed_column=True))),
        ("$1:3", Reference(None, Corner(1, None, fixed_row=True), Corner(3, None))),
        ("'It''s 5'!B3", Reference("It's 5", Corner(3, 2))),
        ("C9#", Reference(None, Corner(9, 3), spill=True)),
        ("prompt#", Name(None, "prompt", spill=True)),
        ("Head!prompt", Name("Head", "prompt")),
        ("XFE1", Name(None, "XFE1")),
        ("A1.5", Name(None, "A1.5")),
        ("Sales[[#This Row],[price]]", Table("Sales[[#This Row],[price]]")),
        ("F()", Call("F", ())),
        ("F(1,,A1,)", Call("F", (number(1), MISSING, A1, MISSING))),
        ("LOG10(A1)", Call("LOG10", (A1,))),
        ("[2]!F(A1)", Call("[2]!F", (A1,))),
        ("A1:F(A1)", Operation(":", (A1, Call("F", (A1,))))),
        ("A1 B2", Operation(" ", (A1, B2))),
        ("SUM((A1,B2),A1)", Call("SUM", (Parentheses(Operation(",", (A1, B2))), A1))),
        ("-A1^2", Operation("^", (Operation("-", (A1,)), number(2)))),
        ("2^-1%", Operation("^", (number(2), Operation("-", (Operation("%", (number(1),)),))))),
        ("A1-B2-1", Operation("-", (Operation("-", (A1, B2)), number(1)))),
        ("A1+B2*2", Operation("+", (A1, Operation("*", (B2, number(2)))))),
        ('A1&"x"=B2', Operation("=", (Operation("&", (A1, Constant("x"))), B2))),
        ("@A1:B2+1", Operation("+", (Operation("@", (Reference(None, A1.first, B2.first),)), number(1)))),
        (" A1 +\n B2 ", Operation("+", (A1, B2))),
    ],
)
def test_trees(text: str, tree: Node) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize("text", ["", "1+(", "F(1", "A1+", "1 2", "{1,2;3}", "{A1}", "A1:B2#", "'Head", "a ! b", "()"])
def test_texts_that_are_not_formulas(text: str) -> None:
    with pytest.raises(FormulaError, match=r"^cannot read .* in the formula"):
        parse(text)


def test_a_formula_can_be_long_but_not_deep() -> None:
    long = "+".join(["A1"] * 5000)
    assert print_formula(parse(long)) == long
    assert sum(isinstance(node, Reference) for node in walk(parse(long))) == 5000
    with pytest.raises(FormulaError, match="nested so deeply"):
        parse("(" * 5000 + "A1" + ")" * 5000)


@pytest.mark.parametrize("template", [name for name in TEMPLATES if name != "check"])
def test_the_formulas_of_the_templates_survive(template: str, books: Books, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue("pure_workbook") if template == "pure" else books.small(template, host="office")
    formulas = set()
    with zipfile.ZipFile(path) as file:
        for name in file.namelist():
            if name.startswith("xl/worksheets/"):
                stored = re.findall(r"<f(?: [^>]*)?>([^<]+)</f>", file.read(name).decode())
                formulas |= set(map(html.unescape, stored))
    assert len(formulas) > 50
    # Of those that differ only in their numbers, such as the rows of cells, one is enough.
    for formula in {re.sub(r"[0-9]+", "0", formula): formula for formula in sorted(formulas)}.values():
        assert print_formula(parse(formula)) == formula


def test_ranges_with_corners_in_any_order() -> None:
    found = [parse(text) for text in ("B3:A1", "C:B", "4:2")]
    ranges = [node.range for node in found if isinstance(node, Reference)]
    assert ranges == [CellRange(1, 1, 3, 2), CellRange(1, 2, MAX_ROWS, 3), CellRange(2, 1, 4, MAX_COLUMNS)]


def test_a_copied_formula_moves_only_relative_references() -> None:
    before = """A1+$A1+A$1+$A$1+'A1'!B2+"A1"+LOG10(A1)+A:B+$A:A+1:2+Sheet1!C3:D4+foo_A1+A1.5+C9#"""
    after = """C2+$A2+C$1+$A$1+'A1'!D3+"A1"+LOG10(C2)+C:D+$A:C+2:3+Sheet1!E4:F5+foo_A1+A1.5+E10#"""
    assert print_formula(moved(parse(before), 1, 2)) == after


def test_a_reference_that_a_copy_moves_off_the_sheet_is_an_error() -> None:
    assert print_formula(moved(parse("A1+B2:B$3+XFD1"), -1, 1)) == "#REF!+C1:C$3+#REF!"


# Any tree of a formula, without parentheses: the printer adds the ones that the nesting needs.
_corners = st.builds(Corner, st.integers(1, MAX_ROWS), st.integers(1, MAX_COLUMNS), st.booleans(), st.booleans())
_columns = st.builds(Corner, st.none(), st.integers(1, MAX_COLUMNS), st.just(False), st.booleans())
_rows = st.builds(Corner, st.integers(1, MAX_ROWS), st.none(), st.booleans(), st.just(False))
_sheets = st.none() | st.sampled_from(["Head", "Block 0", "It's", "A1", "[1]Other", "2020", "表"])
_places = (
    st.builds(Reference, _sheets, _corners, st.none(), st.booleans())
    | st.builds(Reference, _sheets, _corners, _corners)
    | st.builds(Reference, _sheets, _columns, _columns)
    | st.builds(Reference, _sheets, _rows, _rows)
    | st.builds(Name, _sheets, st.sampled_from(["prompt", "_xlpm.x", "top_k", "Wort.ä"]), st.booleans())
)
_numbers = st.builds(Constant, st.floats(0, allow_nan=False, allow_infinity=False))
_constants = (
    _numbers | st.builds(Constant, st.booleans() | st.text()) | st.builds(Error, st.sampled_from(["#N/A", "#DIV/0!"]))
)
_items = st.builds(Constant, st.floats(allow_nan=False, allow_infinity=False).filter(bool) | st.text() | st.booleans())
_arrays = st.integers(1, 3).flatmap(
    lambda width: st.builds(Array, st.lists(st.tuples(*[_items] * width), min_size=1, max_size=3).map(tuple))
)


def _nested(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    arguments = st.lists(inner, max_size=3) | st.lists(inner | st.just(MISSING), min_size=2, max_size=3)
    return (
        st.builds(Call, st.sampled_from(["SUM", "_xlfn.LET", "GPT2_EDIT", "[1]!F"]), arguments.map(tuple))
        | st.builds(Operation, st.sampled_from("-+@%"), st.tuples(inner))
        | st.builds(
            Operation,
            st.sampled_from(["+", "-", "*", "/", "^", "&", "=", "<>", "<", ">", "<=", ">="]),
            st.tuples(inner, inner),
        )
        | st.builds(Operation, st.sampled_from([":", ",", " "]), st.tuples(_calls, _calls))
    )


_calls = st.builds(Call, st.just("INDEX"), st.tuples(_places))
_trees = st.recursive(_places | _constants | _arrays, _nested, max_leaves=12)


@given(_trees)
def test_a_tree_survives_its_text(tree: Node) -> None:
    assert (
        transform(parse(print_formula(tree)), lambda node: node.inner if isinstance(node, Parentheses) else node)
        == tree
    )


@given(_trees)
def test_parsing_a_printed_formula_gives_the_same_tree(tree: Node) -> None:
    read = parse(print_formula(tree))
    assert parse(print_formula(read)) == read
