"""Tabs of bands: the steps of the model one below the other, a row for each token, a column for each channel.

Two frozen columns name the token in every band; two frozen rows hold the title and links to the steps. Rows that the
workbook's own prompt does not need are folded away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbook_templates import style as look
from workbook_templates.band import Band, channel_numbers, unless_error, used, used_outside
from workbook_templates.book import READY, Book
from workbook_templates.range import Range
from workbook_templates.sheet import Page

FIRST = 2  # the column in which values begin
STATISTICS = 2  # the first of two columns for facts about a row, on tabs that have them
AFTER_STATISTICS = 4  # where values begin on such tabs
_PRINTED_COLUMNS, _PRINTED_ROWS = 22, 105
_FROZEN_ROWS = 2
_NOTE = 8  # columns between the title and the note about folded rows


@dataclass(frozen=True)
class Look:
    """How a band's values are shown: a format of `Style`, and a colour scale."""

    cell_format: str
    scale: dict[str, Any] | None


SIGNED = Look("number", look.SIGNED_SCALE)
SHARES = Look("share", look.SHARE_SCALE)
IDS = Look("whole", None)
_EDITS = Look("edit_row", None)

# The content of the two columns to the left of a band: one formula that spills into both, or one for each.
RowLabels = str | tuple[str, str]
# The rows above a band's values. Each is a formula that spills, or texts by their column; None for channel numbers.
Headers = Sequence[str | dict[int, str]] | None


class BandPage(Page):
    """A tab of bands."""

    neighbours_at: Mapping[str, tuple[int, int]] = {"before": (1, 0), "next": (1, 1)}

    def __init__(
        self,
        book: Book,
        name: str,
        title: str,
        lines: Sequence[str],
        *,
        labels: RowLabels,
        kind: str = "value",
        first: int = FIRST,
    ) -> None:
        """`labels` give every row's position and token. `first` is the column in which values begin."""
        super().__init__(book, name, (look.POSITION_WIDTH, look.TOKEN_WIDTH), first, kind)
        self.first = first
        self.sheet.set_all_columns(FIRST, look.CHANNEL_WIDTH)
        self.sheet.freeze_panes(_FROZEN_ROWS, FIRST)
        self.sheet.set_zoom(90)
        self._labels = labels
        self._steps: list[tuple[str, int]] = []
        self._folded: list[int] = []  # rows out of sight
        self._out_of_sight: list[str] = []  # conditions under which folded rows hold values
        self.title(title)
        self.row = _FROZEN_ROWS
        self.introduction(lines)

    def finish(self) -> None:
        """Writes the links to every step, the note beside the title, the format of numbers, and the print area."""
        self._note()
        # An array formula's other cells are not in the file, so their columns have the format. XlsxWriter counts such
        # columns as used, and looks for cells in all of them in every row.
        last = self.book.last_array_column(self.sheet)
        if last is not None:
            self.sheet.set_column(FIRST, last, look.CHANNEL_WIDTH, self.style.number)
            self.sheet.set_all_columns(last + 1, look.CHANNEL_WIDTH)
        for column, (text, row) in enumerate(self._steps, start=self.first):
            self.link(1, column, self.name, self.at(row, 0), text)
        self.sheet.print_area(0, 0, self._last_printed_row(), self.first + _PRINTED_COLUMNS)
        self.sheet.fit_to_pages(1, 1)

    def _last_printed_row(self) -> int:
        """The last row of the steps that one page has room for. The rest of a long tab is for the screen."""

        def in_sight(below: int) -> int:
            return below - sum(row < below for row in self._folded)

        ends = (self.row, *(row for _, row in reversed(self._steps)))
        return next((row for row in ends if in_sight(row) <= _PRINTED_ROWS), self._steps[1][1]) - 1

    def _note(self) -> None:
        """Beside the title: what is wrong with the prompt or the model, or that there are rows out of sight."""
        hidden = self.book.folded_note(*self._out_of_sight) if self._out_of_sight else '""'
        self.plain(0, self.first + _NOTE, f'IF(status="{READY}",{hidden},status)', self.style.bold)
        self.mark_errors(0, self.first + _NOTE)

    def heading(self, name: str, title: str, lines: Sequence[str], *, numbered: bool = True) -> None:
        """A dark bar with the step's number and name, and what it does."""
        bar = self.style.heading if numbered else self.style.subheading
        number = str(len(self._steps)) if numbered else ""
        if numbered:
            self._steps.append((f"{number} {name}", self.row))
        self.format_row(self.row, bar, self.first + _PRINTED_COLUMNS + 1)
        for column, text in ((0, f"step {number}" if numbered else ""), (1, name), (self.first, title)):
            self.text(self.row, column, text, bar)
        self.row += 1
        self.lines(lines)

    def band(
        self,
        formula: str,
        *,
        headers: Headers = None,
        shown: Look = SIGNED,
        width: int | None = None,
        rows: int | None = None,
        labels: RowLabels | None = None,
    ) -> Band:
        """A step's values from one formula, with the tokens at their left and headers above.

        width: the most columns that the values may take; None for the channels of the stream
        rows: how many rows to reserve; None for the workbook's number of tokens
        labels: the labels at the left; None for those of the tab
        """
        if headers is None:
            cell = self.at(self.row + 1, self.first)
            headers = (f'IF(ISTEXT({cell}),"",COLUMN({cell}#)-COLUMN({cell}))',)
        cells = self.rows(width, headers=headers, shown=shown, rows=rows, labels=labels)
        self.array(cells, formula, getattr(self.style, shown.cell_format))
        self.mark_errors(cells.row, cells.column)
        return Band(cells, True, self.book.dialect.is_fixed)

    def fill(
        self,
        formula: str,
        reads: Sequence[Band],
        width: int | None = None,
        *,
        headers: Headers = None,
        shown: Look = SIGNED,
        rows: int | None = None,
        labels: RowLabels | None = None,
    ) -> Band:
        """A step's values from a native formula. `width` is exact; the other options are those of `band`.

        An error message in one of the bands that the formula reads is passed on, unless ranges have a fixed size.
        """
        cells = self.rows(width, headers=headers, shown=shown, rows=rows, labels=labels)
        return self.put(cells, formula, reads, shown)

    def put(self, cells: Range, formula: str, reads: Sequence[Band], shown: Look = SIGNED) -> Band:
        """As `fill`, into cells that `rows` has prepared."""
        if not self.book.dialect.is_fixed:
            formula = unless_error([self.first_cell(band) for band in reads], formula)
            self.mark_errors(cells.row, cells.column)
        self.array(cells, formula, getattr(self.style, shown.cell_format))
        return Band(cells, True, self.book.dialect.is_fixed)

    def first_cell(self, band: Band) -> str:
        """The first cell of a band, on this tab or another."""
        return band.cell if band.cells.sheet == self.name else band.place

    def rows(
        self,
        width: int | None = None,
        *,
        headers: Headers = None,
        shown: Look = SIGNED,
        rows: int | None = None,
        labels: RowLabels | None = None,
    ) -> Range:
        """Writes the headers and labels of a band, formats its rows, and returns the cells for its values."""
        width = self.book.shape.channels if width is None else width
        count = self.book.shape.tokens if rows is None else rows
        self._headers((channel_numbers(width),) if headers is None else headers, width)
        cells = Range(self.name, self.row, self.first, self.row + count - 1, self.first + width - 1)
        self._rows(cells, shown, labels or self._labels)
        if self.book.dialect.is_fixed:
            self._hide_rows_without_token(cells, labels)
            if shown.cell_format in self.style.rules:
                rule = {"type": "formula", "criteria": "=TRUE", "format": self.style.rules[shown.cell_format]}
                self.sheet.conditional_format(*cells.corners, rule)
        if shown.scale:
            self.sheet.conditional_format(*cells.corners, shown.scale)
        return cells

    def edit_grid(self, width: int | None = None, rows: int | None = None, labels: RowLabels | None = None) -> Range:
        """Blank cells for numbers, coloured as input in rows that have a token."""
        cells = self.rows(width, shown=_EDITS, rows=rows, labels=labels)
        has_token = f"NOT({self._without_token(cells, labels)})"
        for criteria, cell_format in ((f'{cells.first}<>""', self.style.edited), (has_token, self.style.editable)):
            rule = {"type": "formula", "criteria": f"={criteria}", "format": cell_format, "stop_if_true": True}
            self.sheet.conditional_format(*cells.corners, rule)
        only_numbers = {
            "validate": "decimal",
            "criteria": "between",
            "minimum": -1e9,
            "maximum": 1e9,
            "error_message": "A number, or blank.",
        }
        self.sheet.data_validation(*cells.corners, only_numbers)
        return cells

    def statistic(self, cells: Range, column: int, title: str, formulas: Sequence[str]) -> Range:
        """A fact about each row of a band, in a column of its own.

        The formulas may use only cells and functions of every program: thousands of them are written as they are.
        """
        self.text(cells.row - 1, column, title, self.style.channel)
        for row, formula in enumerate(formulas, start=cells.row):
            if not self.book.dialect.is_fixed:
                formula = f'IF({self.book.dialect.is_blank(self.at(row, 0))},"",{formula})'
            self.static(row, column, formula, self.style.statistic)
        found = Range(self.name, cells.row, column, cells.last_row, column)
        if self.book.dialect.is_fixed:
            self._hide_rows_without_token(found)
        return found

    def values(self, band: Band) -> str:
        """The values of a band on this tab or another."""
        return band.spill if band.cells.sheet == self.name else band.spill_outside

    def values_for_function(self, band: Band) -> str:
        """The values of a band, without rows that no token uses."""
        here = band.cells.sheet == self.name
        if not self.book.dialect.is_fixed:
            return self.values(band)
        return (used if here else used_outside)(band.cells, "MAX(1,MIN(room,token_count))")

    def zeros_for_blanks(self, cells: Range, formula: str) -> str:
        """The formula with 0 in rows without a token, which a function leaves blank: MMULT cannot read blanks."""
        if not self.book.dialect.is_fixed:
            return formula
        positions = Range(self.name, cells.row, 0, cells.last_row, 0).here
        return f"IF({self.book.dialect.is_blank(positions)},0,{formula})"

    def in_use(self, cells: Range) -> str:
        """The rows of a range that have a token."""
        return cells.here if self.book.dialect.is_fixed else used(cells)

    def _hide_rows_without_token(self, cells: Range, labels: RowLabels | None = None) -> None:
        """In ranges of fixed size, rows without a token hold numbers that mean nothing."""
        criteria = f"={self._without_token(cells, labels)}"
        rule = {"type": "formula", "criteria": criteria, "format": self.style.hidden, "stop_if_true": True}
        self.sheet.conditional_format(*cells.corners, rule)

    def _without_token(self, cells: Range, labels: RowLabels | None) -> str:
        """Whether the row of a cell has no token, as the condition of a rule.

        LibreOffice looks through the whole band whenever a cell that the rule reads changes, so it reads few cells.
        """
        if labels in (None, self._labels):
            return f'OR(status<>"{READY}",ROW()-{cells.row}>token_count)'
        return self.book.dialect.is_blank(f"$A{cells.row + 1}")

    def _rows(self, cells: Range, shown_as: Look, labels: RowLabels) -> None:
        """Labels the rows, and folds those that the workbook's own prompt does not need.

        Whole rows are formatted, so that the file stores no cells for the values that may spill there. In ranges of
        fixed size, the columns have the usual format, and a rule gives a band another one.
        """
        fixed = self.book.dialect.is_fixed
        row_format = None if fixed else getattr(self.style, shown_as.cell_format)
        shown = self.book.unfolded
        for row in range(cells.row, cells.last_row + 1):
            is_folded = row - cells.row >= shown
            if is_folded:
                self._folded.append(row)
            folded = {"level": 1, "hidden": True} if is_folded else {}
            self.set_row(row, row_format, folded)
            if fixed and shown_as is _EDITS:
                for column in range(cells.column, cells.last_column + 1):
                    self.sheet.write_blank(row, column, None, self.style.edit_row)
            self.sheet.write_blank(row, 0, None, self.style.position)
            self.sheet.write_blank(row, 1, None, self.style.token)
        if isinstance(labels, str):
            self.formula(cells.row, 0, labels, self.style.position, (cells.height, 2))
        else:
            for column, cell_format in enumerate((self.style.position, self.style.token)):
                self.formula(cells.row, column, labels[column], cell_format, (cells.height, 1))
        self.row = cells.last_row + 1
        if cells.height > shown:
            self.sheet.set_row(self.row, None, None, {"collapsed": True})
            self.below_folded.add(self.row)
            in_use = self.book.dialect.is_filled(Range(self.name, cells.row, 0, cells.last_row, 0).here)
            tokens = "token_count" if labels is self._labels else f"SUMPRODUCT(1*({in_use}))"
            self._out_of_sight.append(f"{tokens}>{shown}")

    def _headers(self, headers: Sequence[str | dict[int, str]], width: int) -> None:
        for number, header in enumerate(headers, start=1):
            innermost = number == len(headers)
            row_format = self.style.channel if innermost else self.style.group
            self.format_row(self.row, row_format, self.first + width)
            if innermost:
                self.text(self.row, 0, "position", self.style.label)
                self.text(self.row, 1, "token", self.style.label)
            if isinstance(header, str):
                self.formula(self.row, self.first, header, row_format, (1, width))
            else:
                for column, text in header.items():
                    self.text(self.row, self.first + column, text, row_format)
            self.row += 1
