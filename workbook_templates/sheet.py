"""What every tab has: a title, a few lines that explain it, what to notice, links, labelled cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.utility import quote_sheetname, xl_rowcol_to_cell

from workbook_templates import style as look
from workbook_templates.book import MARK, Book
from workbook_templates.range import Range
from workbook_templates.stops import START, stop_of
from workbook_templates.worksheet import Worksheet


class Page:
    """One tab, written from the top down: `row` is the next free row, counted from 0.

    neighbours_at: the cells of the links to the tabs before and after this one
    strip_at: the cell of the strip of all tabs
    explained: the cells with a text that may need a comment, such as a heading, and that text
    """

    neighbours_at: Mapping[str, tuple[int, int]] = {"before": (1, 0), "next": (2, 0)}

    def __init__(
        self, book: Book, name: str, widths: Sequence[float], text_column: int = 1, kind: str = "value"
    ) -> None:
        self.book, self.style, self.name = book, book.style, name
        self.sheet: Worksheet = book.workbook.add_worksheet(name, Worksheet)
        book.pages.append(self)
        self.row = 0
        self.strip_at = (0, 0)
        self.explained: dict[tuple[int, int], str] = {}
        self.below_folded: set[int] = set()  # rows just below rows that are folded away
        self._columns = len(widths)
        self._text_column = text_column
        self.sheet.set_tab_color(look.TABS[kind])
        self.sheet.hide_gridlines(2)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)  # A4
        self.sheet.fit_to_pages(1, 2)
        self.sheet.set_margins(0.4, 0.4, 0.5, 0.5)
        for column, width in enumerate(widths):
            self.sheet.set_column(column, column, width, self.style.text)

    def cell_of(self, text: str) -> tuple[int, int]:
        """The first cell with an explanatory text. Raises KeyError if there is none."""
        first = {text: cell for cell, text in sorted(self.explained.items(), reverse=True)}
        return first[text]

    def at(self, row: int, column: int, *, absolute: bool = False) -> str:
        """A cell's address on this tab."""
        return str(xl_rowcol_to_cell(row, column, row_abs=absolute, col_abs=absolute))

    def place(self, row: int, column: int, last_row: int | None = None, last_column: int | None = None) -> str:
        """The address of a cell or a range, with the tab's name."""
        first = self.at(row, column, absolute=True)
        last = "" if last_row is None else f":{self.at(last_row, last_column or column, absolute=True)}"
        return self.there(first + last)

    def there(self, cell: str) -> str:
        """An absolute address on this tab, with the tab's name."""
        return f"{quote_sheetname(self.name)}!{cell}"

    def furniture(self, title: str, lines: Sequence[str]) -> None:
        """The title, the link back to Start, what happens here and why, what to notice, and the strip."""
        self.title(title)
        self.row += 1
        self.introduction(lines)

    def title(self, title: str) -> None:
        """The title and the link back to Start."""
        self.sheet.set_row(self.row, look.TITLE_HEIGHT)
        if self.name != START:
            self.link(self.row, 0, START, "A1", "← Start")
        self.text(self.row, self._text_column, title, self.style.title)

    def introduction(self, lines: Sequence[str]) -> None:
        """The lines below the title, what to notice, and a row for the strip, which is written last."""
        self.lines(lines)
        stop = stop_of(self.name, self.book.stops)
        if stop:
            self.explained[self.row, self._text_column] = stop.notice
            notice = self.style.notice_label, "Notice:  ", self.style.notice_run, stop.notice
            self.sheet.write_rich_string(self.row, self._text_column, *notice, self.style.notice)
            self.row += 1
        self.strip_at = (self.row, self._text_column)
        self.sheet.set_row(self.row, look.STRIP_HEIGHT)
        self.row += 1

    def lines(self, lines: Sequence[str]) -> None:
        """Explanations, a row each; they run over the empty cells to their right."""
        for line in lines:
            self.text(self.row, self._text_column, line, self.style.note)
            self.row += 1

    def text(self, row: int, column: int, text: str, cell_format: Format | None = None) -> None:
        """A text, never a formula, even if it begins with `=`."""
        self.sheet.write_string(row, column, text, cell_format or self.style.text)
        if cell_format is None or cell_format in self.style.explanatory:
            self.explained[row, column] = text

    def formula(
        self, row: int, column: int, formula: str, cell_format: Format | None = None, size: tuple[int, int] = (1, 1)
    ) -> None:
        """A formula that may spill, as it reads in Excel. `size` is the number of rows and columns reserved for it."""
        self.book.spill(self.sheet, row, column, formula, cell_format, size)

    def array(self, cells: Range, formula: str, cell_format: Format | None = None) -> None:
        """A formula that may spill into these cells."""
        self.formula(cells.row, cells.column, formula, cell_format, (cells.height, cells.width))

    def plain(
        self, row: int, column: int, formula: str, cell_format: Format | None = None, value: str | float = ""
    ) -> None:
        """A formula with one value that never spills. Unlike `formula`, it may be in merged cells.

        value: shown until a program calculates the formula
        """
        self.book.plain(self.sheet, row, column, formula, cell_format, value)

    def static(self, row: int, column: int, formula: str, cell_format: Format) -> None:
        """A formula with only cells and functions that every program has: it is written as it is, which is quick."""
        self.sheet.write_formula(row, column, f"={formula}", cell_format, "")

    def link(self, row: int, column: int, sheet: str, cell: str, text: str) -> None:
        """A link to a cell of this workbook."""
        self.sheet.write_url(
            row, column, f"internal:{quote_sheetname(sheet)}!{cell}", self.style.link, text, f"Go to {sheet}"
        )

    def format_row(self, row: int, cell_format: Format, columns: int, options: dict[str, Any] | None = None) -> None:
        """Formats a row that uses `columns` columns. `options` are those of XlsxWriter's set_row."""
        # LibreOffice, for which sizes are fixed, would take seconds to format all 16,384 columns of whole rows.
        whole = not self.book.dialect.is_fixed
        self.set_row(row, cell_format if whole else None, options)
        for column in range(0 if whole else columns):
            if column not in self.sheet.table[row]:
                self.sheet.write_blank(row, column, None, cell_format)

    def set_row(self, row: int, cell_format: Format | None, options: dict[str, Any] | None = None) -> None:
        """As XlsxWriter's set_row, but a row below rows that are folded away stays marked as such."""
        if row in self.below_folded:
            options = {**(options or {}), "collapsed": True}
        if cell_format or options:
            self.sheet.set_row(row, None, cell_format, options)

    def section(self, title: str) -> None:
        """A dark bar over the whole width."""
        self.format_row(self.row, self.style.heading, self._columns)
        self.text(self.row, 0, title, self.style.heading)
        self.row += 1

    def input(self, row: int, column: int, value: str | float | None) -> None:
        """A cell that the reader may change."""
        if value is None:
            self.sheet.write_blank(row, column, None, self.style.input)
        elif isinstance(value, str):
            self.text(row, column, value, self.style.input)
        else:
            self.sheet.write_number(row, column, value, self.style.input)

    def mark_errors(self, row: int, column: int, last_row: int | None = None, last_column: int | None = None) -> None:
        """Shows error messages in red."""
        last = (row if last_row is None else last_row, column if last_column is None else last_column)
        rule = {"type": "text", "criteria": "begins with", "value": MARK, "format": self.style.error}
        self.sheet.conditional_format(row, column, *last, rule)
