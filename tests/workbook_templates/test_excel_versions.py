"""Which Excel opens the workbooks: 2021 and later, for the one of native formulas 2016 and later."""

from __future__ import annotations

import re

import pytest

from tests.books import Books
from tests.workbook_templates.excel_versions import INTRODUCED
from tests.workbook_templates.files import code, formulas_in
from udfs.cells import FUNCTIONS
from workbook_templates import FORMULAS_ONLY, TEMPLATES
from workbook_templates.formula import parse
from workbook_templates.formula.calc import calc_name
from workbook_templates.formula.ranges import parse_cell
from workbook_templates.formula.tree import Call, Constant, walk

OF_DEMO = "demo"
OURS = {name for function in FUNCTIONS for name in (function, f"_xldudf_{function}", calc_name(function))}


# Where functions are called, a file for desktop has the formulas of the one for office: see test_excel_files.py.
SOURCES = [(name, source) for name in TEMPLATES for source in ("office", "headless", "calc")]
SOURCES += [(name, source) for name in FORMULAS_ONLY for source in ("desktop", OF_DEMO)]


@pytest.fixture(scope="module", params=sorted(SOURCES), ids=str)
def template(request: pytest.FixtureRequest, books: Books) -> tuple[str, set[str]]:
    """A template's name, and the formulas of its workbook for a host, or for the model demo."""
    name, source = request.param
    if source == OF_DEMO:
        path = request.getfixturevalue("pure_workbook") if name == "pure" else books.file(name)
    else:
        path = books.small(name, host=source)
    return name, set(formulas_in(path))


def test_every_function_is_as_old_as_the_readme_promises(template: tuple[str, set[str]]) -> None:
    name, found = template
    called = {called for formula in found for called in re.findall(r"([A-Za-z_][\w.]*)\(", code(formula))}
    native = {re.sub(r"^(_xlfn\.|_xlws\.)+", "", function) for function in called - OURS}
    assert native, "the pattern finds the calls"
    assert not native - INTRODUCED.keys(), "a function whose version is not known"
    newest = 2016 if name in FORMULAS_ONLY else 2021
    assert not {function: INTRODUCED[function] for function in native if INTRODUCED[function] > newest}


def test_what_takes_the_place_of_an_error_is_a_single_value(template: tuple[str, set[str]]) -> None:
    """IFERROR of one value and an array gives an array, which Excel may have no room for."""
    for formula in (formula for formula in template[1] if "IFERROR(" in formula or "IFNA(" in formula):
        calls = [
            node for node in walk(parse(formula)) if isinstance(node, Call) and node.function in ("IFERROR", "IFNA")
        ]
        assert calls
        assert all(isinstance(call.arguments[1], Constant) for call in calls), formula


def test_no_variable_has_the_name_of_a_cell_or_of_a_row_or_column(template: tuple[str, set[str]]) -> None:
    variables = {name for formula in template[1] for name in re.findall(r"_xlpm\.(\w+)", formula)}
    assert not variables & {"c", "r"}
    assert not [name for name in variables if parse_cell(name)]
