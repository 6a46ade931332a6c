"""Properties of every workbook's file: links, names, formulas that Excel can read, inputs, the committed file."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.formula import ArrayFormula

import workbook_templates
from addin.headless import Workbook
from tests.books import DEMO, Books
from tests.workbook_templates.files import (
    Formulas,
    code,
    formulas,
    small,
    stored_cells,
    stored_numbers,
)
from udfs.excel_limits import MAX_FORMULA, MAX_FORMULA_TEXT
from workbook_templates import BUILDERS, FORMULAS_ONLY, OWN_MODEL, TEMPLATES, build
from workbook_templates.stops import GLOSSARY, stop_of
from workbook_templates.style import INPUT, WEIGHT

COLUMNS = {"tokens": 3, "next_tokens": 5}
NAMES = ("prompt", "model", "tokens", "next_tokens", "next_token")
NAMES_BY_HAND = ("word_0", "word_1", "word_2", "reveal", "progress", "next_token")
SMALL = ("pure", "check")  # with a model of full size they take long
WITHOUT_TOUR = ("by_hand", "check")
VALUES = [name for name in TEMPLATES if name not in FORMULAS_ONLY and name != "check"]  # in the committed files
MOST_BYTES = 5_000_000
MOST_BYTES_WITH_WEIGHTS = 20_000_000


@pytest.fixture(scope="module", params=TEMPLATES)
def path(request: pytest.FixtureRequest, books: Books) -> Path:
    template = request.param
    return books.small(template) if template in SMALL else books.file(template, **options(template))


def template_of(path: Path) -> str:
    return next(name for name, file in TEMPLATES.items() if file == path.name)


def options(template: str) -> dict[str, str]:
    return {} if template in OWN_MODEL else {"model": "demo"}


@pytest.fixture(scope="module")
def office(path: Path, books: Books) -> openpyxl.Workbook:
    return books.cells(path)


@pytest.fixture(scope="module")
def found(office: openpyxl.Workbook) -> Formulas:
    return list(formulas(office))


def test_start_is_shown_first_and_every_tab_links_to_it_and_back(office: openpyxl.Workbook) -> None:
    assert office.active is not None
    assert office.active.title == "Start" == office.sheetnames[0]
    links = {
        sheet.title: [cell.hyperlink.location for cell in stored_cells(sheet) if cell.hyperlink] for sheet in office
    }
    places = {name: [link.rpartition("!")[0].strip("'") for link in found] for name, found in links.items()}
    assert set(places["Start"]) | {"Start"} == set(office.sheetnames)
    assert all("Start" in places[tab] for tab in office.sheetnames[1:])
    for link in (link for found in links.values() for link in found):
        tab, _, cell = link.rpartition("!")
        assert tab.strip("'") in office.sheetnames
        assert range_boundaries(cell)


def test_every_tab_is_declared_and_says_what_to_notice(path: Path, office: openpyxl.Workbook) -> None:
    stops = BUILDERS[template_of(path)].STOPS
    for sheet in office.worksheets[1:]:
        stop = stop_of(sheet.title, stops)
        assert stop, f"STOPS lack the tab {sheet.title}"
        texts = {str(cell.value) for row in sheet.iter_rows(max_row=8, max_col=6) for cell in row}
        assert f"Notice:  {stop.notice}" in texts, sheet.title
        assert stop.about


def test_every_tab_leads_to_its_neighbours_and_shows_where_it_is(office: openpyxl.Workbook) -> None:
    names = office.sheetnames
    for number, sheet in enumerate(office.worksheets[1:], start=1):
        top = [cell for row in sheet.iter_rows(max_row=8, max_col=6) for cell in row]
        leads = {cell.value: cell.hyperlink.location.rpartition("!")[0].strip("'") for cell in top if cell.hyperlink}
        assert leads["← before"] == names[number - 1]
        assert leads.get("next →") == (names[number + 1] if number + 1 < len(names) else None)
        rich = [cell.value for cell in top if isinstance(cell.value, CellRichText)]
        marked = [run.text for text in rich for run in text if isinstance(run, TextBlock) and run.font.u]
        assert marked == [sheet.title]


@pytest.mark.parametrize("template", [name for name in TEMPLATES if name not in WITHOUT_TOUR])
def test_the_tour_has_a_dozen_stops_and_its_notices_wait_for_a_guess(template: str, books: Books) -> None:
    file = books.small(template) if template in SMALL else books.file(template, **DEMO)
    with books.opened(file) as workbook:
        check_tour(workbook)


def check_tour(workbook: Workbook) -> None:
    rows = [row for row in workbook.get_range("Tour!A1:F30") if isinstance(row[0], float)]
    assert 10 <= len(rows) <= 14
    assert {row[5] for row in rows} == {"Type a guess first."}
    workbook.set("Tour!E7", "a guess")
    workbook.recalculate()
    shown = [row[5] for row in workbook.get_range("Tour!A7:F8")]
    assert shown[0] != "Type a guess first." == shown[1]
    workbook.set("Tour!C5", "yes")
    workbook.recalculate()
    rows = [row for row in workbook.get_range("Tour!A1:F30") if isinstance(row[0], float)]
    assert all(len(str(text)) > 10 for row in rows for text in row[2:4])
    assert "Type a guess first." not in {row[5] for row in rows}


def test_a_word_has_a_comment_where_it_first_appears(office: openpyxl.Workbook) -> None:
    *_, glossary = office.worksheets
    assert glossary.title == GLOSSARY
    listed = [row for row in glossary.iter_rows(max_col=3) if row[2].hyperlink and row[0].row > 4]
    assert len(listed) >= 12
    commented = [(sheet.title, cell.coordinate) for sheet in office for cell in stored_cells(sheet) if cell.comment]
    linked = set()
    for word, meaning, link in listed:
        tab, _, address = link.hyperlink.location.rpartition("!")
        linked.add((tab.strip("'"), address))
        comment = office[tab.strip("'")][address].comment
        assert f"{word.value}: {meaning.value}" in comment.text
    assert linked == set(commented)


def test_names_for_the_command_line_refer_to_cells(path: Path, office: openpyxl.Workbook) -> None:
    for name in NAMES_BY_HAND if path.name == TEMPLATES["by_hand"] else NAMES:
        ((tab, cells),) = office.defined_names[name].destinations
        left, top, right, bottom = range_boundaries(cells)
        assert tab in office.sheetnames
        assert right - left + 1 == COLUMNS.get(name, 1)
        assert (bottom > top) == (name in COLUMNS)


def test_formulas_name_only_tabs_and_names_that_exist(office: openpyxl.Workbook, found: Formulas) -> None:
    for _, _, formula in found:
        assert set(re.findall(r"'([^']+)'!", formula)) <= set(office.sheetnames)
        words = re.findall(r"(?<![\w.!$'])[a-z]\w+\b(?![(!])", code(formula))
        assert set(words) <= set(office.defined_names)


def test_formulas_are_in_the_stored_form(found: Formulas) -> None:
    for tab, cell, formula in found:
        assert "#" not in code(formula), (tab, cell)
        assert "@" not in code(formula), (tab, cell)
        assert not re.search(r"(?<![\w.])[a-z]\b", code(formula)), (tab, cell)
        assert len(formula) <= MAX_FORMULA
        assert all(len(text) <= MAX_FORMULA_TEXT for text in re.findall(r"\"((?:[^\"]|\"\")*)\"", formula)), (tab, cell)


def test_merged_cells_hold_no_array_formula(office: openpyxl.Workbook) -> None:
    for sheet in office:
        for merged in sheet.merged_cells.ranges:
            assert not isinstance(sheet.cell(merged.min_row, merged.min_col).value, ArrayFormula)


def test_inputs_are_unlocked_and_array_formulas_are_locked(office: openpyxl.Workbook) -> None:
    is_input: dict[int, bool] = {}  # by style: many cells share one
    for sheet in office.worksheets:
        for cell in stored_cells(sheet):
            if cell.style_id not in is_input:
                is_input[cell.style_id] = cell.fill.fgColor.rgb == f"FF{INPUT[1:]}"
            if is_input[cell.style_id]:
                assert not cell.protection.locked, (sheet.title, cell.coordinate)
            elif isinstance(cell.value, ArrayFormula):
                assert cell.protection.locked, (sheet.title, cell.coordinate)


def test_start_asks_to_type_into_inputs_or_weights_only(office: openpyxl.Workbook) -> None:
    tried = [cell for (cell,) in office["Start"].iter_rows(min_col=2, max_col=2) if ", cell " in str(cell.value)]
    assert len(tried) >= 3
    for link in tried:
        tab, _, address = link.hyperlink.location.rpartition("!")
        sheet = office[tab.strip("'")]
        style = sheet[address] if sheet[address].has_style else sheet.row_dimensions[sheet[address].row]
        assert not style.protection.locked or style.fill.fgColor.rgb == f"FF{WEIGHT[1:]}", link.value


def test_panes_are_frozen_and_pages_are_set_up(office: openpyxl.Workbook) -> None:
    for sheet in office.worksheets[1:]:
        assert sheet.freeze_panes, sheet.title
    for sheet in office:
        assert sheet.print_area
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage


def test_every_tab_is_printed_on_one_or_two_pages(path: Path, office: openpyxl.Workbook) -> None:
    pages = [(sheet.page_setup.fitToWidth or 1) * (sheet.page_setup.fitToHeight or 1) for sheet in office]
    assert all(1 <= count <= 2 for count in pages)
    assert not [sheet.title for sheet in office if sheet.page_setup.fitToHeight == 0]
    if template_of(path) == "anatomy":
        assert sum(pages) <= 20


def test_a_cell_names_the_model_unless_the_weights_are_in_cells(path: Path, office: openpyxl.Workbook) -> None:
    inside = path.name in {TEMPLATES[template] for template in FORMULAS_ONLY}
    assert ("model_name" in office.defined_names) != inside


def test_the_same_arguments_give_the_same_file(path: Path, tmp_path: Path) -> None:
    template = template_of(path)
    with (
        zipfile.ZipFile(path) as first,
        zipfile.ZipFile(made_anew(template, tmp_path)) as second,
    ):
        assert first.namelist() == second.namelist()
        for name in first.namelist():
            assert first.read(name) == second.read(name), name


def made_anew(template: str, folder: Path) -> Path:
    return small(template, folder) if template in SMALL else build(template, folder, **options(template))  # type: ignore[arg-type]


@pytest.mark.parametrize("template", VALUES)
def test_the_committed_file_has_the_builders_values(template: str, books: Books) -> None:
    """After a change: GPT2_EXCEL_MODEL=demo gpt2-excel run TEMPLATE --values -o workbook_templates/FILE"""
    committed = Path(workbook_templates.__file__).with_name(TEMPLATES[template])
    with zipfile.ZipFile(books.file(template, model="demo")) as fresh, zipfile.ZipFile(committed) as filled:
        assert filled.read("xl/sharedStrings.xml") == fresh.read("xl/sharedStrings.xml")
        for name in (name for name in fresh.namelist() if name.startswith("xl/worksheets/sheet")):
            expected, found = fresh.read(name), filled.read(name)
            assert not stored_numbers(expected) - stored_numbers(found), name
            assert not re.search(rb"<f[ >]", found), "LibreOffice shows #NAME? without our functions"
        values = b"".join(filled.read(name) for name in filled.namelist() if name.startswith("xl/worksheets/sheet"))
    assert b"#NAME?" not in values
    assert b"#SPILL!" not in values
    assert committed.stat().st_size < MOST_BYTES


def test_the_committed_file_for_paper_is_the_builders(books: Books) -> None:
    committed = Path(workbook_templates.__file__).with_name(TEMPLATES["by_hand"])
    with zipfile.ZipFile(books.file("by_hand")) as fresh, zipfile.ZipFile(committed) as stored:
        assert stored.namelist() == fresh.namelist()
        assert [name for name in fresh.namelist() if fresh.read(name) != stored.read(name)] == []


def test_a_model_in_cells_is_small_enough_to_send(pure_workbook: Path) -> None:
    assert pure_workbook.stat().st_size < MOST_BYTES_WITH_WEIGHTS
