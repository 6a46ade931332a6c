"""What stands in the file of the surgery workbook: tabs, links, names, inputs, formulas, and nothing beyond need."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.cell import MergedCell
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.formula import ArrayFormula

import udfs
import workbook_templates
from tests.workbook_templates.files import code, formulas, opened, stored_formulas
from workbook_templates import TEMPLATES, build
from workbook_templates.surgery.inputs import by_model

TABS = [
    *("Start", "Prompt", "Before and after", "SAE feature", "Contrast", "PCA"),
    *("Coefficient sweep", "Ablation", "Weight edits"),
]
NAMES = {"prompt", "model_name", "model", "model_used", "prompt_used", "tokens", "next_tokens", "next_token", "status"}
# Native functions that Excel 365 has and PyPI's `formulas` can evaluate.
NATIVE = {
    *("ABS", "AND", "CHAR", "COLUMN", "EXP", "IF", "IFERROR", "INDEX", "ISNUMBER", "ISTEXT", "LEFT", "LN", "MAX"),
    *("MMULT", "OR", "ROWS", "SEARCH", "SQRT", "SUBSTITUTE", "SUM", "TRANSPOSE", "VLOOKUP"),
    *(f"_xlfn.{name}" for name in ("ANCHORARRAY", "DROP", "HSTACK", "LET", "TAKE")),
}
MAX_BYTES = 150_000


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("surgery", tmp_path_factory.mktemp("surgery"))


@pytest.fixture(scope="module")
def book(path: Path) -> openpyxl.Workbook:
    return opened(path)


def test_every_tab_is_there(path: Path, book: openpyxl.Workbook) -> None:
    assert path.name == TEMPLATES["surgery"] == "3_surgery.xlsx"
    assert book.sheetnames == TABS


def test_start_links_to_every_tab_and_every_tab_back(book: openpyxl.Workbook) -> None:
    links = {
        sheet.title: [cell.hyperlink.location for row in sheet.iter_rows() for cell in row if cell.hyperlink]
        for sheet in book
    }
    places = {name: [link.rpartition("!")[0].strip("'") for link in found] for name, found in links.items()}
    assert set(places["Start"]) == set(TABS) - {"Start"}
    assert all("Start" in places[tab] for tab in TABS[1:])
    assert set(places["Before and after"]) == {"Start", *TABS[3:]}
    assert {place for found in places.values() for place in found} <= set(TABS)


def test_links_to_try_lead_to_input_cells(book: openpyxl.Workbook) -> None:
    tried = [cell.hyperlink.location for (cell,) in book["Start"].iter_rows(min_col=2, max_col=2) if cell.hyperlink][:3]
    assert [place.rpartition("!")[0].strip("'") for place in tried] == ["SAE feature", "Contrast", "Coefficient sweep"]
    for place in tried:
        tab, _, address = place.rpartition("!")
        assert not book[tab.strip("'")][address].protection.locked


@pytest.mark.parametrize("name", sorted(NAMES))
def test_names_lead_to_cells(book: openpyxl.Workbook, name: str) -> None:
    ((tab, cells),) = book.defined_names[name].destinations
    left, top, right, bottom = range_boundaries(cells)
    size = (bottom - top + 1, right - left + 1)
    assert tab in TABS
    assert size == {"tokens": (33, 3), "next_tokens": (9, 5)}.get(name, (1, 1))


def test_what_is_unlocked_is_coloured_as_input(book: openpyxl.Workbook) -> None:
    cells = [(sheet.title, cell) for sheet in book for row in sheet.iter_rows() for cell in row]
    unlocked = [(tab, cell) for tab, cell in cells if not (cell.protection.locked or isinstance(cell, MergedCell))]
    assert {cell.fill.fgColor.rgb for _, cell in unlocked} == {"FFFFF2C6"}
    assert {tab for tab, _ in unlocked} == set(TABS) - {"Before and after"}  # Start has a sample


def test_formulas_call_only_functions_that_exist(book: openpyxl.Workbook) -> None:
    ours = {f"_xldudf_{name.upper()}" for name in udfs.__all__}
    called = {name for _, _, text in formulas(book) for name in re.findall(r"([A-Za-z_][\w.]*)\(", code(text))}
    assert called <= ours | NATIVE
    steering = ("STEER", "STEER_MODEL", "SAE_FEATURE", "SAE_ENCODE", "CONTRAST", "DIRECTION", "MODEL")
    assert {f"_xldudf_GPT2_{name}" for name in steering} <= called


def test_no_formula_is_written_as_it_is_typed(book: openpyxl.Workbook) -> None:
    for tab, cell, text in formulas(book):
        assert "#" not in code(text), (tab, cell)
        assert "@" not in code(text), (tab, cell)
        assert not re.search(r"(?<![\w.$])[a-z]\b(?![!(])", code(text)), (tab, cell)
        assert set(re.findall(r"'([^']+)'!", text)) <= set(TABS)
        words = re.findall(r"(?<![\w.!$'])[a-z]\w+\b(?![(!])", code(text))
        assert set(words) <= set(book.defined_names), (tab, cell)
        assert len(text) < 8_192


def test_merged_cells_hold_no_array_formula(book: openpyxl.Workbook) -> None:
    merged = [(sheet, cells) for sheet in book for cells in sheet.merged_cells.ranges]
    assert len(merged) > 20
    for sheet, cells in merged:
        assert not isinstance(sheet.cell(cells.min_row, cells.min_col).value, ArrayFormula)


def test_the_file_is_small_and_the_same_each_time(path: Path, tmp_path: Path) -> None:
    assert path.stat().st_size < MAX_BYTES
    again = build("surgery", tmp_path)
    with zipfile.ZipFile(path) as first, zipfile.ZipFile(again) as second:
        assert first.namelist() == second.namelist()
        for name in first.namelist():
            assert first.read(name) == second.read(name), name


def test_a_default_depends_on_the_model() -> None:
    assert by_model("1", "2") == 'IF(LEFT(model&" ",5)="demo ",1,2)'


def test_the_committed_file_is_the_builders_with_values(path: Path) -> None:
    """After a change: GPT2_EXCEL_MODEL=demo gpt2-excel new surgery -o workbook_templates/3_surgery.xlsx"""
    committed = Path(workbook_templates.__file__).with_name(TEMPLATES["surgery"])
    with zipfile.ZipFile(path) as fresh, zipfile.ZipFile(committed) as filled:
        for name in fresh.namelist():
            if name.startswith("xl/worksheets/sheet"):
                assert stored_formulas(filled.read(name)) == stored_formulas(fresh.read(name)), name
        values = b"".join(filled.read(name) for name in filled.namelist() if name.startswith("xl/worksheets/sheet"))
    assert len(re.findall(rb"<v>", values)) > 2_000
    assert b"#NAME?" not in values
    assert committed.stat().st_size < 5_000_000
