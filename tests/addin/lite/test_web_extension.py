"""The parts that make xlwings Lite open beside a workbook."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from lxml import etree

from addin.headless import Workbook
from addin.headless.package import Package
from addin.lite.web_extension import MAIN, add_web_extension
from udfs.version import VERSION
from workbook_templates import build

WE = "{http://schemas.microsoft.com/office/webextensions/webextension/2010/11}"
RELATIONS = "http://schemas.microsoft.com/office/2011/relationships"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        workbook.add_worksheet("Tab").write_number("A1", 7)
    before = Package.open(path).parts
    add_web_extension(path)
    assert before.keys() < Package.open(path).parts.keys()
    return path


def part(file: Path, name: str) -> etree._Element:
    with zipfile.ZipFile(file) as archive:
        return etree.fromstring(archive.read(name))


def targets(file: Path, name: str) -> dict[str, str]:
    """The target of each relation by its type. Its ids are unique."""
    relations = list(part(file, name))
    assert len({relation.get("Id") for relation in relations}) == len(relations)
    return {str(relation.get("Type")): str(relation.get("Target")) for relation in relations}


def test_the_parts_are_connected_and_declared(file: Path) -> None:
    assert targets(file, "_rels/.rels")[f"{RELATIONS}/webextensiontaskpanes"] == "xl/webextensions/taskpanes.xml"
    assert targets(file, "xl/webextensions/_rels/taskpanes.xml.rels") == {
        f"{RELATIONS}/webextension": "webextension1.xml"
    }
    declared = {element.get("PartName"): element.get("ContentType") for element in part(file, "[Content_Types].xml")}
    assert declared["/xl/webextensions/taskpanes.xml"] == "application/vnd.ms-office.webextensiontaskpanes+xml"
    assert declared["/xl/webextensions/webextension1.xml"] == "application/vnd.ms-office.webextension+xml"
    (pane,) = part(file, "xl/webextensions/taskpanes.xml")
    assert [value for name, value in pane[0].attrib.items() if str(name).endswith("}id")] == ["rId1"]


def test_the_settings_are_the_files_of_the_project(file: Path) -> None:
    extension = part(file, "xl/webextensions/webextension1.xml")
    assert [etree.QName(child).localname for child in extension] == [
        *("reference", "alternateReferences", "properties", "bindings", "extLst")  # in the order of the schema
    ]
    assert extension[0].get("id") == "wa200008175"
    settings = {p.get("name"): json.loads(p.get("value", "")) for p in extension.iter(f"{WE}property")}
    assert settings["main.py"] == MAIN
    assert len(MAIN.splitlines()) <= 2
    assert settings["requirements.txt"] == f"gpt2-excel>={VERSION}\n"
    assert settings["pyodideVersion"] == "314.0.0"


def test_the_cells_stay(file: Path) -> None:
    workbook = Workbook.open(file)
    assert workbook.get("Tab!A1") == 7
    workbook.save(file)  # keeps parts that it does not know
    assert "xl/webextensions/webextension1.xml" in Package.open(file).parts


def test_the_same_workbook_gives_the_same_file(tmp_path: Path) -> None:
    files = [tmp_path / "one.xlsx", tmp_path / "two.xlsx"]
    build("check", files[0], host="lite", model="tiny", tokens=3)
    files[1].write_bytes(files[0].read_bytes())
    for file in files:
        add_web_extension(file)
    assert files[0].read_bytes() == files[1].read_bytes()
