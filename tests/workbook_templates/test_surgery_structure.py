"""The file of the surgery workbook: tabs, links, names, formulas, and no superfluous cells.

`test_every_template.py` has the tests that apply to every workbook.
"""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from tests.books import Books
from tests.workbook_templates.files import code, formulas
from workbook_templates import TEMPLATES
from workbook_templates.surgery.models import by_model

TABS = [
    *(
        "Start",
        "Tour",
        "Prompt",
        "Before and after",
        "SAE feature",
        "Feature catalogue",
        "Clamp and remove",
        "Contrast",
    ),
    *("PCA", "Coefficient sweep", "Ablation", "A fact edited", "Weight edits", "Glossary"),
]
NAMES = {"prompt", "model_name", "model", "model_used", "prompt_used", "tokens", "next_tokens", "next_token", "status"}
MAX_BYTES = 200_000


@pytest.fixture(scope="module")
def path(books: Books) -> Path:
    return books.file("surgery", model="demo")


@pytest.fixture(scope="module")
def book(path: Path, books: Books) -> openpyxl.Workbook:
    return books.cells(path)


def test_every_tab_is_there(path: Path, book: openpyxl.Workbook) -> None:
    assert path.name == TEMPLATES["surgery"] == "3_surgery.xlsx"
    assert book.sheetnames == TABS


def test_before_and_after_links_to_every_operation(book: openpyxl.Workbook) -> None:
    found = [cell.hyperlink.location for row in book["Before and after"].iter_rows() for cell in row if cell.hyperlink]
    targets = {link.rpartition("!")[0].strip("'") for link in found}
    assert targets == {"Start", "Prompt", *TABS[4:-1]} - {"Feature catalogue"}


def test_links_to_try_lead_to_input_cells(book: openpyxl.Workbook) -> None:
    cells = [cell for (cell,) in book["Start"].iter_rows(min_col=2, max_col=2) if ", cell " in str(cell.value)]
    tried = [cell.hyperlink.location for cell in cells]
    assert [place.rpartition("!")[0].strip("'") for place in tried] == [
        *3 * ["SAE feature"],
        "Feature catalogue",
        "Clamp and remove",
        "Contrast",
        "Coefficient sweep",
        "A fact edited",
    ]
    for place in tried:
        tab, _, address = place.rpartition("!")
        assert not book[tab.strip("'")][address].protection.locked


@pytest.mark.parametrize("name", sorted(NAMES))
def test_names_refer_to_cells(book: openpyxl.Workbook, name: str) -> None:
    ((tab, cells),) = book.defined_names[name].destinations
    left, top, right, bottom = range_boundaries(cells)
    size = (bottom - top + 1, right - left + 1)
    assert tab in TABS
    assert size == {"tokens": (33, 3), "next_tokens": (9, 5)}.get(name, (1, 1))


def test_every_way_of_steering_is_shown(book: openpyxl.Workbook) -> None:
    called = {name for _, _, text in formulas(book) for name in re.findall(r"GPT2_(\w+)\(", code(text))}
    assert {
        "STEER",
        "STEER_MODEL",
        "STEER_GENERATE",
        "SAE_FEATURE",
        "SAE_ENCODE",
        "CONTRAST",
        "DIRECTION",
        "MODEL",
    } <= called


def test_the_file_is_small(path: Path) -> None:
    assert path.stat().st_size < MAX_BYTES


def test_a_default_depends_on_the_model() -> None:
    assert by_model("1", "2") == 'IF(LEFT(model&" ",5)="demo ",1,2)'
