"""Workbooks with VBA inside: a template's `.xlsm`, and the add-in `.xlam`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
import xlwings
from lxml import etree

import udfs
from addin.desktop.settings import NAME
from addin.desktop.vba_project import VbaProject, sheet_module
from addin.desktop.wrappers import wrapper_modules
from addin.desktop.xlwings_vba import xlwings_project
from addin.headless.package import Package, WorkbookError, serialized
from udfs.function import describe

_XLWINGS_VERSION = "xlwings"  # the property of a file that says which xlwings its VBA is for
_PROJECT_NAME = "GPT2Excel"
_PROJECT_PART = "xl/vbaProject.bin"
_PROJECT_TYPE = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
_CONTENT_TYPES = "[Content_Types].xml"
_MEDIA_TYPE = "application/vnd.ms-excel.{}.macroEnabled.main+xml"
_KINDS = {".xlsm": "sheet", ".xlam": "addin"}


def write_addin(path: Path) -> None:
    """The add-in: a workbook without a window, whose functions every open workbook can use."""
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "addin.xlsx"
        with xlsxwriter.Workbook(plain) as workbook:
            workbook.set_properties({"title": "GPT-2 in Excel", "comments": "The functions GPT2_..."})
            workbook.set_custom_property(NAME, "add-in")
            workbook.set_custom_property(_XLWINGS_VERSION, xlwings.__version__)
            workbook.add_worksheet(NAME).write_string("A1", "The add-in of GPT-2 in Excel: see gpt2-excel status.")
        add_vba(plain, path)


def made_for(path: Path) -> str | None:
    """The version of xlwings that an add-in of ours was written for; None where the file is anything else."""
    try:
        properties = Package.open(path).tree("docProps/custom.xml")
    except WorkbookError:
        return None
    found = {element.get("name"): str(element.xpath("string()")) for element in properties}
    return found.get(_XLWINGS_VERSION) if NAME in found else None


def with_vba(write: Callable[[Path], object]) -> Callable[[Path], None]:
    """A function that writes an .xlsm, of one that writes the same workbook as an .xlsx."""

    def write_xlsm(path: Path) -> None:
        with TemporaryDirectory() as folder:
            plain = Path(folder) / "workbook.xlsx"
            write(plain)
            add_vba(plain, path)

    return write_xlsm


def add_vba(plain: Path, path: Path) -> None:
    """Writes an .xlsx anew with the wrappers of all functions inside, as the .xlsm or .xlam that the path says."""
    package = Package.open(plain)
    code_names = _name_sheets(package)
    package.parts[_PROJECT_PART] = functions_project(code_names).written()
    _declare(package, _KINDS[path.suffix])
    package.write(path)


def functions_project(code_names: list[str]) -> VbaProject:
    """The VBA project of a workbook with sheets of these code names."""
    workbook, *modules = wrapper_modules(describe(getattr(udfs, name)) for name in udfs.__all__)
    source = xlwings_project()
    return source.with_modules(_PROJECT_NAME, [workbook, *map(sheet_module, code_names), *modules, *source.modules])


def _name_sheets(package: Package) -> list[str]:
    """Gives the workbook and each sheet the name of its module in VBA; those of the sheets."""
    settings = package.workbook.find(package.tag("workbookPr"))
    assert settings is not None  # XlsxWriter writes it
    settings.set("codeName", "ThisWorkbook")
    package.parts[package.workbook_path] = serialized(package.workbook)
    code_names = []
    for number, part in enumerate(package.sheets(), start=1):
        code_names.append(f"Sheet{number}")
        sheet = package.tree(part.path)
        properties = sheet.find(package.tag("sheetPr"))
        if properties is None:
            properties = etree.Element(package.tag("sheetPr"))
            sheet.insert(0, properties)
        properties.set("codeName", code_names[-1])
        package.parts[part.path] = serialized(sheet)
    return code_names


def _declare(package: Package, kind: str) -> None:
    """Says in the package's lists that it is a workbook with macros, and where these are."""
    types = package.tree(_CONTENT_TYPES)
    workbook = next(element for element in types if element.get("PartName") == f"/{package.workbook_path}")
    workbook.set("ContentType", _MEDIA_TYPE.format(kind))
    project = etree.SubElement(types, workbook.tag, PartName=f"/{_PROJECT_PART}")
    project.set("ContentType", "application/vnd.ms-office.vbaProject")
    package.parts[_CONTENT_TYPES] = serialized(types)
    folder, _, name = package.workbook_path.rpartition("/")
    path = f"{folder}/_rels/{name}.rels"
    relations = package.tree(path)
    relation = etree.SubElement(relations, relations[0].tag, Id="rIdVbaProject", Type=_PROJECT_TYPE)
    relation.set("Target", _PROJECT_PART.removeprefix(f"{folder}/"))
    package.parts[path] = serialized(relations)
