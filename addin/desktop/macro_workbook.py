"""Adds the VBA project with the functions to workbooks: a template's `.xlsm`, and the add-in `.xlam`."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import xlsxwriter
import xlwings

from addin import NAME
from addin.desktop.vba_project import VbaProject, sheet_module
from addin.desktop.wrappers import wrapper_modules
from addin.desktop.xlwings_vba import xlwings_project
from addin.made_by import custom_properties
from udfs.cells import FUNCTIONS
from udfs.version import VERSION
from workbook_templates.book import MADE_BY, TITLE

_XLWINGS_VERSION = "xlwings"  # the add-in's document property with the version of xlwings that its VBA fits
_PROJECT_NAME = "GPT2Excel"
_CONTENT_TYPES = "[Content_Types].xml"


def add_functions(workbook: xlsxwriter.Workbook) -> None:
    """Adds the wrappers of all functions to a workbook. Call it when the workbook has all its sheets."""
    sheets = workbook.worksheets()
    code_names = [f"Sheet{number}" for number in range(1, len(sheets) + 1)]
    workbook.add_vba_project(BytesIO(functions_project(code_names).written()), is_stream=True)
    for sheet, code_name in zip(sheets, code_names, strict=True):
        sheet.set_vba_name(code_name)


def functions_project(code_names: list[str]) -> VbaProject:
    """The VBA project of a workbook whose sheets have these names in VBA."""
    workbook, *modules = wrapper_modules(FUNCTIONS.values())
    source = xlwings_project()
    return source.with_modules(_PROJECT_NAME, [workbook, *map(sheet_module, code_names), *modules, *source.modules])


def write_addin(path: Path) -> None:
    """Writes the add-in: a workbook without a window, whose functions every open workbook can use."""
    content = BytesIO()
    with xlsxwriter.Workbook(content) as workbook:
        workbook.calc_on_load = False  # with it, Excel would compute every open workbook when it starts
        workbook.set_properties({"title": TITLE, "comments": "The functions GPT2_..."})
        workbook.set_custom_property(MADE_BY, VERSION)
        workbook.set_custom_property(_XLWINGS_VERSION, xlwings.__version__)
        workbook.add_worksheet(NAME).write_string("A1", "The add-in of GPT-2 in Excel: see gpt2-excel status.")
        add_functions(workbook)
    with ZipFile(content) as source, ZipFile(path, "w", ZIP_DEFLATED) as addin:
        for name in source.namelist():
            part = source.read(name)
            if name == _CONTENT_TYPES:  # XlsxWriter declares every workbook with macros as .xlsm
                part = part.replace(b"ms-excel.sheet.macroEnabled", b"ms-excel.addin.macroEnabled")
            addin.writestr(name, part)


def made_for(path: Path) -> str | None:
    """The version of xlwings that our add-in was written for, or None if the file is not our add-in."""
    properties = custom_properties(path)
    return properties.get(_XLWINGS_VERSION) if MADE_BY in properties else None
