"""A workbook being written: the file, its dialect, its style and its shape."""

from __future__ import annotations

from datetime import datetime

from xlsxwriter import Workbook

from workbook_templates.dialect import Dialect
from workbook_templates.shape import Shape
from workbook_templates.style import Style

START = "Start"
_FIRST_MADE = datetime(2025, 1, 1)  # the same input gives the same file


class Book:
    """What every tab needs to write itself."""

    def __init__(self, workbook: Workbook, dialect: Dialect, shape: Shape) -> None:
        self.workbook, self.dialect, self.shape = workbook, dialect, shape
        self.style = Style(workbook)
        workbook.set_properties({"title": "GPT-2 in Excel", "created": _FIRST_MADE})

    def name(self, name: str, place: str) -> None:
        """Gives a cell or range, such as `=Prompt!$B$5`, a name that formulas can use."""
        self.workbook.define_name(name, f"={place}")
