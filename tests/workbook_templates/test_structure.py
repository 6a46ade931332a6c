"""The file of the anatomy workbook: tabs, links, names, formulas, and no superfluous cells.

`test_every_template.py` has the tests that apply to every workbook.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.formula import ArrayFormula

import workbook_templates
from tests.books import Books
from tests.workbook_templates.files import Formulas, formulas, opened, stored_cells
from udfs.backend.errors import ModelError
from workbook_templates import TEMPLATES, build

TABS = ["Start", "Tour", "Prompt", "Tokens", "Embeddings", *[f"Block {layer}" for layer in range(12)]]
TABS += ["Head", "Weights", "Glossary"]
NAMES = {"prompt", "model_name", "model", "temperature", "tokens", "next_tokens", "next_token"}
MAX_BYTES = 400_000


@pytest.fixture(scope="module")
def found(office: openpyxl.Workbook) -> Formulas:
    return list(formulas(office))


@pytest.fixture(scope="module")
def usual(books: Books) -> Path:
    """The workbook with the default model, demo."""
    return books.file("anatomy", model="demo")


@pytest.fixture(scope="module")
def office(usual: Path, books: Books) -> openpyxl.Workbook:
    return books.cells(usual)


def test_every_tab_is_there_in_the_order_of_the_computation(office: openpyxl.Workbook) -> None:
    assert office.sheetnames == TABS
    assert office.active is not None
    assert office.active.title == "Start"


def test_links_within_a_block_lead_to_the_bars_of_its_steps(office: openpyxl.Workbook) -> None:
    sheet = office["Block 7"]
    steps = [cell for cell in sheet[2] if cell.hyperlink and "Block 7" in cell.hyperlink.location]
    assert [cell.value for cell in steps] == [
        *("0 stream", "1 ln_1", "2 q, k, v", "3 scores", "4 patterns", "5 mix", "6 c_proj"),
        *("7 add", "8 ln_2", "9 c_fc", "10 GELU", "11 c_proj", "12 out"),
    ]
    for number, cell in enumerate(steps):
        assert sheet[cell.hyperlink.location.rpartition("!")[2]].value == f"step {number}"


def test_links_to_try_lead_to_input_cells(office: openpyxl.Workbook) -> None:
    start = office["Start"]
    cells = [cell for (cell,) in start.iter_rows(min_col=2, max_col=2) if ", cell " in str(cell.value)]
    tried = [cell.hyperlink.location for cell in cells]
    assert [place.rpartition("!")[0].strip("'") for place in tried] == [
        *3 * ["Prompt"],
        "Block 0",
        "Weights",
        "Prompt",
        "Prompt",
    ]
    for place in tried:
        tab, _, address = place.rpartition("!")
        sheet = office[tab.strip("'")]
        style = sheet[address] if sheet[address].has_style else sheet.row_dimensions[sheet[address].row]
        assert not style.protection.locked


@pytest.mark.parametrize("name", sorted(NAMES))
def test_names_refer_to_cells(office: openpyxl.Workbook, name: str) -> None:
    ((tab, cells),) = office.defined_names[name].destinations
    left, top, right, bottom = range_boundaries(cells)
    size = (bottom - top + 1, right - left + 1)
    assert tab in TABS
    assert size == {"tokens": (33, 3), "next_tokens": (11, 5)}.get(name, (1, 1))


def test_inputs_are_unlocked_and_hold_the_defaults(office: openpyxl.Workbook) -> None:
    defaults = {"prompt": "Mike is quick. Anna is slow. She moves", "model_name": "demo", "temperature": 1}
    for name, value in defaults.items():
        ((tab, cell),) = office.defined_names[name].destinations
        assert office[tab][cell].value == value
        assert not office[tab][cell].protection.locked


def test_a_spilling_formula_is_stored_in_a_single_cell(office: openpyxl.Workbook) -> None:
    stored = [cell for sheet in office for cell in stored_cells(sheet)]
    spilling = [cell for cell in stored if isinstance(cell.value, ArrayFormula)]
    assert len(spilling) > 500
    assert all(cell.value.ref == cell.coordinate for cell in spilling)


def test_examples_use_layers_that_the_model_has(books: Books) -> None:
    for template in ("anatomy", "surgery"):
        office = books.cells(books.small(template, host="office"))
        texts = [str(cell.value) for sheet in office for cell in stored_cells(sheet)]
        named = [text for text in texts if "demo ;" not in text for _ in re.findall(r"h\.9", text)]
        assert not named


def test_each_block_computes_its_own_layer(found: Formulas) -> None:
    for layer in range(12):
        own = " ".join(formula for tab, _, formula in found if tab == f"Block {layer}")
        assert set(re.findall(r'"h\.(\d+)\.', own)) == {str(layer)}
        layers = re.findall(r'GPT2_LINEAR\([^"]*"h\.\d+\.([\w.]+)",model\)', own)
        assert layers == ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"]


def test_the_stream_flows_from_tab_to_tab(found: Formulas) -> None:
    sources: dict[str, set[str]] = {}
    for tab, _, formula in found:
        if tab.startswith("Block"):
            others = re.findall(r"ANCHORARRAY\('?([\w ]+)'?!\$[CE]\$\d+\)", formula)
            sources.setdefault(tab, set()).update(others)
    assert sources == {f"Block {n}": {f"Block {n - 1}" if n else "Embeddings"} for n in range(12)}


def test_the_file_has_no_superfluous_cells(usual: Path) -> None:
    assert usual.stat().st_size < MAX_BYTES
    with zipfile.ZipFile(usual) as file:
        block = file.read(f"xl/worksheets/sheet{1 + TABS.index('Block 0')}.xml")
    assert block.count(b"<c ") < 4_000


def test_hosts_differ_only_in_the_spelling_of_functions(books: Books) -> None:
    def parts(host: str) -> dict[str, bytes]:
        """The file's parts, without the text of the command that rebuilds it, which names the host."""
        with zipfile.ZipFile(books.small("anatomy", host=host)) as file:
            return {name: file.read(name).replace(f" --host {host}".encode(), b"") for name in file.namelist()}

    office, desktop = parts("office"), parts("desktop")
    assert desktop == parts("headless")
    assert {name: part.replace(b"_xldudf_", b"") for name, part in office.items()} == desktop
    assert office != desktop


def test_prompt_model_tokens_and_folder_are_used(tmp_path: Path) -> None:
    path = build("anatomy", tmp_path, tokens=5, prompt='=1+1 "x"', model="tiny ; bos")
    workbook = opened(path)
    assert path == tmp_path / TEMPLATES["anatomy"]
    assert [name for name in workbook.sheetnames if name.startswith("Block")] == ["Block 0", "Block 1", "Block 2"]
    assert workbook["Prompt"]["B6"].value == '=1+1 "x"'
    assert workbook["Prompt"]["B6"].data_type == "s"
    assert workbook["Prompt"]["B7"].value == "tiny ; bos"
    ((_, cells),) = workbook.defined_names["tokens"].destinations
    assert cells == "$A$7:$C$12"
    last = " ".join(formula for tab, _, formula in formulas(workbook) if tab == "Block 2")
    assert len(re.findall(r"MMULT", last)) == 3 * 4  # scores, sums of rows and mix of each head


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"template": "atlas"}, f"template must be {' or '.join(TEMPLATES)}, not 'atlas'"),
        ({"host": "lotus"}, "host must be office or lite or desktop or headless or calc, not 'lotus'"),
        ({"tokens": 0}, "tokens must be 1 to 1363 for 12 heads side by side, not 0"),
        ({"tokens": 1364}, "tokens must be 1 to 1363 for 12 heads side by side, not 1364"),
    ],
)
def test_a_wrong_argument_is_named(tmp_path: Path, arguments: dict[str, object], line: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
        build(**{"template": "anatomy", "path": tmp_path / "x.xlsx", **arguments})  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="'no such'"):
        build("anatomy", tmp_path, model="no such")


def test_the_committed_file_has_every_value() -> None:
    committed = Path(workbook_templates.__file__).with_name(TEMPLATES["anatomy"])
    with zipfile.ZipFile(committed) as filled:
        values = b"".join(filled.read(name) for name in filled.namelist() if name.startswith("xl/worksheets/sheet"))
    assert len(re.findall(rb"<v>", values)) > 50_000
