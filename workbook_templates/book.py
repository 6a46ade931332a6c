"""A workbook being written: the file, its dialect, its style and its shape."""

from __future__ import annotations

from datetime import datetime

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from workbook_templates.formula import Dialect
from workbook_templates.shape import Shape
from workbook_templates.style import Style

START = "Start"
_FIRST_MADE = datetime(2025, 1, 1)  # the same input gives the same file


class Book:
    """What every tab needs to write itself."""

    def __init__(self, workbook: Workbook, dialect: Dialect, shape: Shape) -> None:
        self.workbook, self.dialect, self.shape = workbook, dialect, shape
        self.style = Style(workbook)
        self._waiting: list[tuple[Worksheet, int, int, str, Format | None, tuple[int, int] | None]] = []
        workbook.set_properties({"title": "GPT-2 in Excel", "created": _FIRST_MADE})

    def command(self, template: str) -> str:
        """The command that makes such a workbook anew for the same program."""
        host = "" if self.dialect.host == "headless" else f" --host {self.dialect.host}"
        return f"gpt2-excel new {template}{host}"

    def name(self, name: str, place: str) -> None:
        """Defines a name for a cell or range, such as `Prompt!$B$5`."""
        self.workbook.define_name(name, f"={place}")

    def spill(
        self, sheet: Worksheet, row: int, column: int, formula: str, cell_format: Format | None, size: tuple[int, int]
    ) -> None:
        """Writes a formula that spills, given as it reads in Excel, with room for `size`: rows and columns."""
        if self.dialect.is_fixed:
            self.dialect.declare(sheet.name, xl_rowcol_to_cell(row, column), *size)
            self._waiting.append((sheet, row, column, formula, cell_format, size))
            return
        stored = self.dialect.formula(formula)
        sheet.write_dynamic_array_formula(row, column, row, column, f"={stored}", cell_format, "")

    def plain(self, sheet: Worksheet, row: int, column: int, formula: str, cell_format: Format | None) -> None:
        """Writes a formula that gives one value and never spills."""
        if self.dialect.is_fixed:
            self._waiting.append((sheet, row, column, formula, cell_format, None))
            return
        sheet.write_formula(row, column, f"={self.dialect.formula(formula)}", cell_format, "")

    def finish(self) -> None:
        """Writes the formulas that had to wait until the size of every spill was known."""
        for sheet, row, column, formula, cell_format, size in self._waiting:
            stored = f"={self.dialect.formula(formula, sheet.name, *(size or (1, 1)))}"
            if size is None:
                sheet.write_formula(row, column, stored, cell_format, "")
                continue
            sheet.write_array_formula(row, column, row, column, stored, cell_format, "")
            # With the whole range, XlsxWriter would store a number and a format in every cell of it.
            last = xl_rowcol_to_cell(row + size[0] - 1, column + size[1] - 1)
            cell = sheet.table[row][column]
            sheet.table[row][column] = cell._replace(range=f"{xl_rowcol_to_cell(row, column)}:{last}")
