"""Files that the project writes for spreadsheet programs, checked by Microsoft's validator and by our own rules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

import workbook_templates
from addin.desktop.macro_workbook import write_addin
from addin.headless.package import Package
from tests.addin.command_files import Built, Files
from tests.addin.file_rules import Cells, faults
from tests.shared import Shared
from workbook_templates import FORMULAS_ONLY, TEMPLATES

ADD_IN = "add-in"
FOR_HOSTS = [name for name in TEMPLATES if name not in FORMULAS_ONLY]
# One file for lite and one for desktop are enough: tests show in what these differ from the files for office.
NEW = [f"new {name} --host {host}" for name in FOR_HOSTS for host in ("office", "calc")]
NEW += ["new check --host lite", "new check --host desktop"]
NEW += [f"new {name} --host office" for name in sorted(FORMULAS_ONLY)]
RUN = ["run check --for calc", "run generation --values"]  # run writes other files as new does
COMMITTED = [f"committed {name}" for name in FOR_HOSTS if name != "check"]
DOTNET = {"DOTNET_TieredPGO": "0", "DOTNET_gcConcurrent": "0"}  # what a process of a second only loses time with
TOOLS = Path(__file__).parents[2] / ".ci" / "node_modules" / ".bin"


@pytest.fixture(scope="module")
def written(files: Files, shared: Shared) -> Files:
    """The file of a command, or the add-in for Excel on Windows."""
    return lambda command: shared.once("gpt2-excel.xlam", write_addin) if command == ADD_IN else files(command)


def findings(path: Path) -> list[str]:
    """What Microsoft's Open XML SDK finds wrong in a file. Skips the test if the validator is not on this machine."""
    program = shutil.which("ooxml-validator", path=os.pathsep.join([str(TOOLS), os.environ["PATH"]]))
    if program is None:
        pytest.skip("the Open XML validator is not on this machine (npm install --prefix .ci)")
    run = subprocess.run([program, str(path)], env=os.environ | DOTNET, capture_output=True, text=True, timeout=600)
    assert run.returncode in (0, 1), run.stderr
    return [f"{error['path']}: {error['description']}" for error in json.loads(run.stdout)["errors"]]


@pytest.mark.parametrize("command", [*NEW, *RUN, ADD_IN])
def test_microsofts_validator_finds_nothing(written: Files, command: str) -> None:
    assert findings(written(command)) == []


@pytest.mark.parametrize("command", [*NEW, *RUN, ADD_IN])
def test_no_rule_is_broken(written: Files, command: str) -> None:
    assert faults(written(command)) == []


@pytest.mark.parametrize("template", FOR_HOSTS)
def test_a_file_for_lite_is_that_for_office(built: Built, template: str) -> None:
    office, lite = (Package.open(built(template, host)).parts for host in ("office", "lite"))
    assert {name: part.replace(b"--host lite", b"--host office") for name, part in lite.items()} == office


def test_new_adds_the_code_of_lite_to_a_file(files: Files) -> None:
    office, lite = (Package.open(files(f"new check --host {host}")).parts for host in ("office", "lite"))
    assert {name for name in lite if name not in office} == {
        "xl/webextensions/webextension1.xml",
        "xl/webextensions/taskpanes.xml",
        "xl/webextensions/_rels/taskpanes.xml.rels",
    }
    changed = {name for name in office if lite[name].replace(b"--host lite", b"--host office") != office[name]}
    assert changed == {"[Content_Types].xml", "_rels/.rels"}


def as_for_desktop(part: bytes) -> bytes:
    """A part of a file for office with the functions' and the host's names for desktop."""
    return part.replace(b"_xldudf_", b"").replace(b"--host office", b"--host desktop")


def without_code_names(part: bytes) -> bytes:
    """A part without the names that a workbook and its sheets have in VBA."""
    return re.sub(rb' codeName="[^"]*"', b"", part)


@pytest.mark.parametrize("template", FOR_HOSTS)
def test_a_file_for_desktop_is_that_for_office_with_macros(built: Built, template: str) -> None:
    office, desktop = (Package.open(built(template, host)).parts for host in ("office", "desktop"))
    assert {name for name in desktop if name not in office} == {"xl/vbaProject.bin"}
    changed = {name for name in office if as_for_desktop(office[name]) != without_code_names(desktop[name])}
    assert changed == {"[Content_Types].xml", "xl/_rels/workbook.xml.rels"}


@pytest.mark.parametrize("name", COMMITTED)
def test_no_rule_is_broken_in_a_committed_file(name: str) -> None:
    assert faults(Path(workbook_templates.__file__).with_name(TEMPLATES[name.split()[1]])) == []


@pytest.fixture(scope="module")
def whole(files: Files) -> Path:
    return files("new generation --host office")


def damaged(whole: Path, target: Path, part: str, old: str, new: str) -> Path:
    """A copy of a file with one text of a part replaced."""
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(target, "w") as result:
        for name in source.namelist():
            text = source.read(name)
            if name == part:
                assert old.encode() in text
                text = text.replace(old.encode(), new.encode(), 1)
            result.writestr(name, text)
    return target


def test_the_validator_catches_a_broken_file(whole: Path, tmp_path: Path) -> None:
    broken = damaged(whole, tmp_path / "broken.xlsx", "xl/worksheets/sheet2.xml", "<sheetData>", "<sheetData><oops/>")
    (found,) = findings(broken)
    assert "/xl/worksheets/sheet2.xml" in found
    assert "oops" in found


@pytest.mark.parametrize(
    ("part", "old", "new", "fault"),
    [
        ("xl/worksheets/sheet3.xml", ' cm="1"><f t="array" ', "><f ", "a plain formula with a range"),
        ("xl/worksheets/sheet3.xml", '<f t="array" ref=', "<f ref=", "marked as a dynamic array"),
        ("xl/workbook.xml", "<calcPr ", '<calcPr fullCalcOnLoad="1" ', "asks for a calculation on opening"),
        (
            "xl/charts/chart1.xml",
            '<c:numCache><c:formatCode>General</c:formatCode><c:ptCount val="11"/><c:pt idx="0">',
            '<c:numCache><c:formatCode>General</c:formatCode><c:ptCount val="11"/><c:pt idx="99">',
            "keeps None for",
        ),
    ],
)
def test_our_rules_catch_a_broken_file(whole: Path, tmp_path: Path, part: str, old: str, new: str, fault: str) -> None:
    found = faults(damaged(whole, tmp_path / "broken.xlsx", part, old, new))
    assert any(line.startswith(part) and fault in line for line in found)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ('<row r="1"><c r="A1" cm="1"><f t="array" ref="A1:B1">F()</f><v>1</v></c></row>', "B1 is not in the file"),
        (
            '<row r="1"><c r="A1" cm="1"><f t="array" ref="A1:A2">F()</f><v>1</v></c></row>'
            '<row r="2"><c r="A2" t="s"><v>0</v></c></row>',
            "A2 has a content of its own",
        ),
        (
            '<row r="1"><c r="A1" cm="1"><f t="array" ref="A1:A2">F()</f><v>1</v></c></row>'
            '<row r="2"><c r="A2" cm="1"><f t="array" ref="A2:B2">F()</f><v>1</v></c><c r="B2"/></row>',
            "A1 and A2: both fill A2",
        ),
    ],
)
def test_our_rules_catch_a_broken_spill(rows: str, fault: str) -> None:
    found = list(Cells(f"<worksheet><sheetData>{rows}</sheetData></worksheet>".encode()).faults(has_values=True))
    assert any(fault in line for line in found)
