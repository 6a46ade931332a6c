"""The .xlsm and the .xlam as files, and their VBA run by LibreOffice."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import xlsxwriter
from lxml import etree
from oletools.olevba import VBA_Parser

import udfs
from addin.desktop import functions, macro_workbook
from addin.desktop.macro_workbook import add_functions, functions_project, made_for, write_addin
from addin.desktop.vba_project import Module
from addin.headless import Workbook
from addin.headless.package import Package
from addin.programs import find_libreoffice
from tests.addin.command_files import Built
from tests.hosts.calc_host import uno_python
from udfs.cells import FUNCTIONS
from workbook_templates import FORMULAS_ONLY, TEMPLATES

WITH_FUNCTIONS = [name for name in TEMPLATES if name not in FORMULAS_ONLY]

# Replaces xlwings in LibreOffice and returns the call that it received.
RECORDER = """Attribute VB_Name = "Recorder"
Attribute VB_Base = "0{FCFB3D2A-A0FA-1068-A738-08002B3371B5}"
Option Explicit
Public Function CallUDF(script As String, fname As String, arguments As Variant) As Variant
    Dim number As Long
    CallUDF = script & "." & fname
    For number = LBound(arguments) To UBound(arguments)
        CallUDF = CallUDF & "|" & Shown(arguments(number))
    Next number
    If fname = "gpt2_gelu" Then Err.Raise 1001, Description:="first" & vbCrLf & "second"
End Function
Private Function Shown(value As Variant) As String
    If IsArray(value) Then
        Shown = UBound(value, 1) & " x " & UBound(value, 2) & " from " & value(1, 1)
    Else
        Shown = CStr(value)
    End If
End Function
"""
XLPY = """Attribute VB_Name = "xlwings"
Option Explicit
Public Function XLPy() As Object
    Set XLPy = New Recorder
End Function
"""


class InLibreOffice(NamedTuple):
    """The texts of a sheet that calls every wrapper, and a workbook with the functions as LibreOffice stores it."""

    rows: list[list[str]]
    ods: Path


@pytest.fixture(scope="module")
def in_libreoffice(tmp_path_factory: pytest.TempPathFactory) -> InLibreOffice:
    """LibreOffice has a new profile without the add-in, whose functions have the same names."""
    office, python = find_libreoffice(), uno_python()
    if office is None:
        pytest.skip("LibreOffice is not on this machine (apt: libreoffice-calc)")
    if not python:
        pytest.skip("no Python here has LibreOffice's uno (apt: python3-uno)")
    folder = tmp_path_factory.mktemp("libreoffice")
    calls, macros, ods = folder / "calls.xlsm", folder / "macros.xlsm", folder / "macros.ods"
    write_calls(calls)
    with xlsxwriter.Workbook(macros) as workbook:
        workbook.add_worksheet()
        add_functions(workbook)
    driver = Path(__file__).with_name("libreoffice.py")
    command = [python, driver, office, folder / "profile", calls, macros, ods]
    return InLibreOffice(json.loads(_output(command) or _output(command)), ods)  # LibreOffice 7.4 sometimes crashes


def write_calls(path: Path) -> None:
    """A sheet that calls each function with one cell per argument, and one with a range and without an argument."""
    with pytest.MonkeyPatch.context() as patch, xlsxwriter.Workbook(path) as workbook:
        patch.setattr(macro_workbook, "functions_project", _recording_project)
        sheet = workbook.add_worksheet()
        for row, (name, function) in enumerate(FUNCTIONS.items()):
            arguments = [argument.name for argument in function.arguments]
            sheet.write_row(row, 1, arguments)
            cells = ",".join(f"{chr(ord('B') + number)}{row + 1}" for number in range(len(arguments)))
            sheet.write_formula(row, 0, f"={name}({cells})")
        sheet.write_formula(row + 1, 0, "=GPT2_WEIGHT(B1:C3,,2.5,A99)")
        add_functions(workbook)


@pytest.mark.parametrize("template", WITH_FUNCTIONS)
def test_every_sheet_of_a_template_has_its_module(built: Built, template: str) -> None:
    file = built(template, "desktop")
    with zipfile.ZipFile(file) as archive:
        sheets = [name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)]
        codes = {etree.fromstring(archive.read(name))[0].get("codeName") for name in sheets}
        workbook = archive.read("xl/workbook.xml").decode()
        types = archive.read("[Content_Types].xml").decode()
    parser = VBA_Parser(str(file))
    modules = {name.removesuffix(".cls") for _, _, name, _ in parser.extract_macros() if name.endswith(".cls")}
    assert codes | {"ThisWorkbook", "Dictionary"} == modules
    assert len(codes) == len(sheets) == len(Package.open(file).sheets())
    assert 'codeName="ThisWorkbook"' in workbook
    assert "application/vnd.ms-excel.sheet.macroEnabled.main+xml" in types


def test_formulas_have_the_names_of_the_vba_functions(built: Built) -> None:
    with zipfile.ZipFile(built("anatomy", "desktop")) as archive:
        sheets = b"".join(archive.read(name) for name in archive.namelist() if "worksheets/sheet" in name)
    assert b",GPT2_LINEAR(" in sheets
    assert b"_xldudf_" not in sheets
    used = {name.decode() for name in re.findall(rb"\bGPT2_\w+(?=\()", sheets)}
    assert used <= set(FUNCTIONS)


def test_an_xlsm_recalculates_here(built: Built) -> None:
    workbook = Workbook.open(built("anatomy", "desktop"))
    workbook.set("prompt", "a b c")
    workbook.recalculate()
    assert workbook.get("next_token") == udfs.gpt2_predict(workbook.get("prompt"), 1, None, "tiny")[1][1]


def test_the_add_in_names_its_xlwings_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xlwings.__version__", "0.99")
    write_addin(tmp_path / "mine.xlam")
    assert made_for(tmp_path / "mine.xlam") == "0.99"
    with zipfile.ZipFile(tmp_path / "mine.xlam") as archive:
        assert "ms-excel.addin.macroEnabled" in archive.read("[Content_Types].xml").decode()


@pytest.mark.parametrize("other", ["text", "workbook"])
def test_files_that_are_not_our_add_in(tmp_path: Path, other: str) -> None:
    file = tmp_path / "other.xlam"
    if other == "text":
        file.write_text("mine")
    else:
        with xlsxwriter.Workbook(file) as workbook:
            workbook.set_custom_property("xlwings", "0.37")
    assert made_for(file) is None


def test_libreoffice_reads_every_module(in_libreoffice: InLibreOffice) -> None:
    with zipfile.ZipFile(in_libreoffice.ods) as archive:
        modules = {Path(name).stem: archive.read(name) for name in archive.namelist() if "Basic/GPT2Excel/" in name}
    assert {module.name for module in functions_project(["Sheet1"]).modules} <= modules.keys()
    read = etree.tostring(etree.fromstring(modules["gpt2_functions"]), method="text", encoding="unicode")
    for name in map(str.lower, FUNCTIONS):
        assert f"Public Function {name.upper()}(" in read


def test_libreoffice_runs_every_wrapper(in_libreoffice: InLibreOffice) -> None:
    rows = in_libreoffice.rows
    for (call, *arguments), name in zip(rows, map(str.lower, FUNCTIONS), strict=False):
        expected = "|".join([f"{functions.__name__}.{name}", *filter(None, arguments)])
        failed = "#GPT2! first second (gpt2-excel status shows more)"
        assert call == (failed if name == "gpt2_gelu" else expected)
    first = next(iter(FUNCTIONS.values())).arguments[0].name
    assert rows[-1][0] == f"{functions.__name__}.gpt2_weight|3 x 2 from {first}|0|2.5|||"


def _output(command: list[str | Path]) -> str:
    """A command's output, or nothing if it failed."""
    ran = subprocess.run(command, capture_output=True, text=True)
    return "" if ran.returncode else ran.stdout


def _recording_project(code_names: list[str]) -> macro_workbook.VbaProject:
    """The project with the recorder in place of xlwings, and `Value`, as LibreOffice's ranges have no `Value2`."""
    project = functions_project(code_names)
    ours = [replace(m, source=m.source.replace(".Value2", ".Value")) for m in project.modules]
    kept = [module for module in ours if module.name not in ("xlwings", "Dictionary")]
    recorder = [Module("xlwings", "Module", XLPY), Module("Recorder", "Class", RECORDER)]
    return project.with_modules(project.name, [*kept, *recorder])
