"""Tabs of bands in fixed ranges: array formulas whose size is in the file, which every spreadsheet program has.

A band has one row for each token that the workbook has room for. Rows that the prompt does not use hold exactly 0,
which the number formats show as blank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter.format import Format
from xlsxwriter.utility import quote_sheetname, xl_range_abs

from workbook_templates import style as look
from workbook_templates.bands import UNFOLDED, BandPage, Look, folded_note
from workbook_templates.book import Book

STATISTICS = 2  # the first of two columns for statistics of a row
VALUES = 4  # the column in which values begin

SIGNED = Look("used_number", look.SIGNED_SCALE)
SHARES = Look("share", look.SHARE_SCALE)

Labels = tuple[str, str]  # the formulas for the labels to the left of a band: positions, tokens


@dataclass(frozen=True)
class Range:
    """A range of cells on a tab. Rows and columns are counted from 0; the last ones are included."""

    sheet: str
    row: int
    column: int
    last_row: int
    last_column: int

    @property
    def here(self) -> str:
        """Its address for formulas on the same tab."""
        return str(xl_range_abs(self.row, self.column, self.last_row, self.last_column))

    @property
    def there(self) -> str:
        """Its address for formulas on other tabs."""
        return f"{quote_sheetname(self.sheet)}!{self.here}"

    @property
    def width(self) -> int:
        return self.last_column - self.column + 1

    def columns(self, first: int, count: int) -> Range:
        """A part of its columns; `first` is counted from its own first column."""
        left = self.column + first
        return Range(self.sheet, self.row, left, self.last_row, left + count - 1)

    def rows(self, first: int, count: int) -> Range:
        """A part of its rows; `first` is counted from its own first row."""
        top = self.row + first
        return Range(self.sheet, top, self.column, top + count - 1, self.last_column)

    @property
    def positions(self) -> str:
        """The position labels to its left, blank in unused rows."""
        return str(xl_range_abs(self.row, 0, self.last_row, 0))


class FixedPage(BandPage):
    """A tab of bands in fixed ranges."""

    def __init__(
        self, book: Book, name: str, title: str, lines: Sequence[str], label_cells: Labels, kind: str = "value"
    ) -> None:
        """`label_cells` have one row per token: its position, and the token itself."""
        super().__init__(book, name, title, lines, labels="", kind=kind)
        self._label_cells = label_cells

    def array(self, cells: Range, formula: str, cell_format: Format | None = None) -> None:
        """One array formula that fills these cells."""
        self.sheet.write_array_formula(*self._corner(cells), f"{{={formula}}}", cell_format)

    def rows(
        self,
        width: int,
        shown: Look = SIGNED,
        headers: Sequence[Sequence[str | float]] | None = None,
        count: int | None = None,
        labels: Labels | None = None,
    ) -> Range:
        """Formats the cells of a band and returns the range for its values.

        headers: the rows above, one text or number per column; None for the channels, counted from 0
        count: the number of rows; None for the workbook's number of tokens
        labels: positions and tokens, if not those of the tab
        """
        count = self.book.shape.tokens if count is None else count
        self._titles([list(range(width))] if headers is None else headers)
        cells = Range(self.name, self.row, VALUES, self.row + count - 1, VALUES + width - 1)
        cell_format = getattr(self.style, shown.cell_format)
        for row in range(cells.row, cells.last_row + 1):
            folded = {"level": 1, "hidden": True} if row - cells.row >= UNFOLDED else {}
            self.sheet.set_row(row, None, cell_format, folded)
        label_formats = (self.style.position, self.style.token)
        for column, (label, label_format) in enumerate(zip(labels or self._label_cells, label_formats, strict=True)):
            self.array(Range(self.name, cells.row, column, cells.last_row, column), label, label_format)
        if count > UNFOLDED:
            self.sheet.set_row(cells.last_row + 1, None, None, {"collapsed": True})
            self.plain(cells.last_row + 1, STATISTICS, folded_note("token_count"), self.style.bold)
        if shown.scale:
            self.sheet.conditional_format(*self._corner(cells), shown.scale)
        self.row = cells.last_row + 2
        return cells

    def fill(
        self,
        formula: str,
        width: int,
        shown: Look = SIGNED,
        headers: Sequence[Sequence[str | float]] | None = None,
    ) -> Range:
        """A band whose values all come from one array formula."""
        cells = self.rows(width, shown, headers)
        self.array(cells, formula)
        return cells

    def edits(self, width: int, count: int | None = None, labels: Labels | None = None) -> Range:
        """Blank cells for edits, coloured as input in rows that have a token."""
        cells = self.rows(width, Look("edit_row", None), count=count, labels=labels)
        corner, token = self.at(cells.row, VALUES), f"$A{cells.row + 1}"
        for criteria, cell_format in (
            (f'={corner}<>""', self.style.edited),
            (f'={token}<>""', self.style.editable),
        ):
            rule = {"type": "formula", "criteria": criteria, "format": cell_format, "stop_if_true": True}
            self.sheet.conditional_format(*self._corner(cells), rule)
        only_numbers = {
            "validate": "decimal",
            "criteria": "between",
            "minimum": -1e9,
            "maximum": 1e9,
            "error_message": "A number, or blank.",
        }
        self.sheet.data_validation(*self._corner(cells), only_numbers)
        return cells

    def statistic(self, cells: Range, column: int, title: str, formulas: Sequence[str]) -> Range:
        """A statistic of each row of a band, in one of the two columns before it."""
        self.text(cells.row - 1, column, title, self.style.channel)
        for row, formula in enumerate(formulas, start=cells.row):
            shown = f'=IF({self.at(row, 0)}="","",{formula})'
            self.sheet.write_formula(row, column, shown, self.style.statistic, "")
        return Range(self.name, cells.row, column, cells.last_row, column)

    def _corner(self, cells: Range) -> tuple[int, int, int, int]:
        return cells.row, cells.column, cells.last_row, cells.last_column

    def _titles(self, headers: Sequence[Sequence[str | float]]) -> None:
        for number, titles in enumerate(headers, start=1):
            innermost = number == len(headers)
            row_format = self.style.channel if innermost else self.style.group
            self.sheet.set_row(self.row, None, row_format)
            if innermost:
                self.text(self.row, 0, "position", self.style.label)
                self.text(self.row, 1, "token", self.style.label)
            for column, title in enumerate(titles, start=VALUES):
                if not isinstance(title, str):
                    self.sheet.write_number(self.row, column, title, row_format)
                elif title:
                    self.text(self.row, column, title, row_format)
            self.row += 1
