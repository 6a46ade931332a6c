"""Tabs of bands: one step of the model under the other, a row a token, a column a channel.

Two frozen columns name the token in every band; two frozen rows hold the title and links to the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.utility import quote_sheetname, xl_rowcol_to_cell

from udfs.excel_limits import MAX_COLUMNS
from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.formula import Piece
from workbook_templates.sheet import Page

FIRST = 2  # the column in which values begin
_LAST_COLUMN = MAX_COLUMNS - 1  # counted from 0, as XlsxWriter does
_PRINTED_COLUMNS = 22
_FROZEN_ROWS = 2
UNFOLDED = 16  # rows of a band that are in sight at first: more would be mostly blank
_FOLDED_NOTE = f"There are more tokens than these {UNFOLDED}: click the small 2 in the top left corner to see them all."


@dataclass(frozen=True)
class Band:
    """Where a step's values are: the cell that they spill from, on its own tab and with the tab's name."""

    cell: str
    place: str
    row: int

    @property
    def spill(self) -> str:
        """All its values, on its own tab."""
        return f"{self.cell}#"

    @property
    def spill_outside(self) -> str:
        """All its values, from another tab."""
        return f"{self.place}#"


@dataclass(frozen=True)
class Look:
    """How a band's values are shown: a format of `Style`, and a colour scale."""

    cell_format: str
    scale: dict[str, Any] | None


SIGNED = Look("number", look.SIGNED_SCALE)
SHARES = Look("share", look.SHARE_SCALE)
IDS = Look("whole", None)


# The content of a row or column: one formula that spills, or several next to each other.
Formulas = str | Sequence[Piece]
# The content of the two columns to the left of a band: one formula that spills into both, or one for each.
RowLabels = str | tuple[str, str]
# The rows above a band's values: the content of each, given the cell that the values spill from.
Headers = Callable[[str], Sequence[Formulas]]


def channels(cell: str) -> tuple[str]:
    """One row: the channels, counted from 0."""
    return (f'IF(ISTEXT({cell}),"",COLUMN({cell}#)-COLUMN({cell}))',)


def folded_note(tokens: str) -> str:
    """The formula of the note under folded rows, which is blank as long as they are empty."""
    return f'IF({tokens}>{UNFOLDED},"{_FOLDED_NOTE}","")'


def unless_error(cells: Sequence[str], formula: str) -> str:
    """A native formula that passes on an error message in a cell that it reads."""
    for cell in reversed(cells):
        formula = f"IF(ISTEXT({cell}),{cell},{formula})"
    return formula


class BandPage(Page):
    """A tab of bands."""

    def __init__(
        self,
        book: Book,
        name: str,
        title: str,
        lines: Sequence[str],
        *,
        labels: str,
        kind: str = "value",
        twin: str | None = None,
    ) -> None:
        """`labels` is a spill of every row's position and token, read by every band. `twin` is a tab of the same
        layout: its headers are shown here too rather than computed again."""
        super().__init__(book, name, (look.POSITION_WIDTH, look.TOKEN_WIDTH), FIRST, kind)
        self.sheet.set_column(FIRST, _LAST_COLUMN, look.CHANNEL_WIDTH)
        if book.dialect.is_fixed:  # its rows are not formatted as a whole
            self.sheet.set_column(FIRST, FIRST + 4 * book.shape.channels, look.CHANNEL_WIDTH, self.style.number)
        self.sheet.freeze_panes(_FROZEN_ROWS, FIRST)
        self.sheet.set_zoom(90)
        self._title, self._labels, self._twin = title, labels, twin
        self._steps: list[tuple[str, int]] = []
        self.row = _FROZEN_ROWS
        self.lines(lines)
        self.row += 1

    def finish(self, before: str | None, after: str | None) -> None:
        """Writes the title row and the links to the tabs before and after this one and to every step."""
        last, self.row = self.row, 0
        self.furniture(self._title, ())
        for column, neighbour, text in ((0, before, "← before"), (1, after, "next →")):
            if neighbour:
                self.link(1, column, neighbour, "A1", text)
        for column, (text, row) in enumerate(self._steps, start=FIRST):
            self.link(1, column, self.name, self.at(row, 0), text)
        self.sheet.print_area(0, 0, last, FIRST + _PRINTED_COLUMNS)
        self.sheet.repeat_rows(0)
        self.row = last

    def heading(self, name: str, title: str, lines: Sequence[str], *, numbered: bool = True) -> None:
        """A dark bar with the step's number and name, and what it does."""
        bar = self.style.heading if numbered else self.style.subheading
        number = str(len(self._steps)) if numbered else ""
        if numbered:
            self._steps.append((f"{number} {name}", self.row))
        self.format_row(self.row, bar, FIRST + _PRINTED_COLUMNS + 1)
        for column, text in enumerate((f"step {number}" if numbered else "", name, title)):
            self.text(self.row, column, text, bar)
        self.row += 1
        self.lines(lines)

    def band(
        self,
        formula: Formulas,
        *,
        headers: Headers = channels,
        shown: Look = SIGNED,
        width: int = 1,
        columns: int | None = None,
        rows: int | None = None,
        labels: RowLabels | None = None,
    ) -> Band:
        """A step's values, with the tokens at their left and headers above.

        shown: number format and colours
        width: the most columns that the values may take, in multiples of the widest stream, for the colours
        columns: the most columns that the values may take, if it is known exactly
        rows: how many rows to reserve; None for the workbook's number of tokens
        labels: the labels at the left; None for those of the tab
        """
        rows = self.book.shape.tokens if rows is None else rows
        cell = self.at(self.row + len(headers("A1")), FIRST)
        coloured = min(width * self.book.shape.channels, _LAST_COLUMN - FIRST)
        reserved = columns or coloured
        self._headers(headers(cell), reserved)
        cell_format: Format = getattr(self.style, shown.cell_format)
        band = Band(cell, self.place(self.row, FIRST), self.row)
        last = self._rows(rows, labels, cell_format, 0 if shown is SIGNED else FIRST + reserved)
        self._formulas(band.row, FIRST, formula, cell_format, (rows, reserved))
        self.mark_errors(band.row, FIRST)
        if shown.scale:
            self.sheet.conditional_format(band.row, FIRST, last, FIRST + coloured - 1, shown.scale)
        return band

    def sum_of(self, band: Band, other: Band) -> str:
        """The formula that adds two bands, or passes on the error message in one of them."""
        return unless_error((band.cell, other.cell), self.book.dialect.added(band.spill, other.spill))

    def edit_grid(self, values: Band, rows: int | None = None, labels: RowLabels | None = None) -> str:
        """As many blank input cells as a band has values; returns their range."""
        rows = self.book.shape.tokens if rows is None else rows
        self._headers(channels(values.cell), self.book.shape.channels)
        first = self.row
        last = self._rows(rows, labels, self.style.edit_row, 0)
        last_column = FIRST + self.book.shape.channels - 1
        corner = self.at(first, FIRST)
        header = xl_rowcol_to_cell(first - 1, FIRST, row_abs=True)
        token = xl_rowcol_to_cell(first, 1, col_abs=True)
        in_use = f"=AND({','.join(map(self.book.dialect.is_filled, (header, token)))})"
        for criteria, cell_format in ((f'={corner}<>""', self.style.edited), (in_use, self.style.editable)):
            rule = {"type": "formula", "criteria": criteria, "format": cell_format, "stop_if_true": True}
            self.sheet.conditional_format(first, FIRST, last, last_column, rule)
        return f"{self.at(first, FIRST, absolute=True)}:{self.at(last, last_column, absolute=True)}"

    def _rows(self, count: int, labels: RowLabels | None, cell_format: Format, columns: int) -> int:
        """RowLabels the next rows, folds those past the usual number, and returns the last one.

        Whole rows are formatted, so that the file stores no cells for the values that may spill there.
        """
        first, last = self.row, self.row + count - 1
        for row in range(first, last + 1):
            folded = {"level": 1, "hidden": True} if row - first >= UNFOLDED else {}
            self.format_row(row, cell_format, columns, folded)
            self.sheet.write_blank(row, 0, None, self.style.position)
            self.sheet.write_blank(row, 1, None, self.style.token)
        self._write_labels(first, labels or self._labels, count)
        if count > UNFOLDED:
            self.sheet.set_row(last + 1, None, None, {"collapsed": True})
            # Not ROWS of a spill: programs without spills would show an error here and not a blank.
            own = "&".join(f"{self.at(first, column)}:{self.at(last, column)}" for column in (0, 1))
            tokens = f'SUMPRODUCT(1*({own}<>""))' if labels else "token_count"
            self.plain(last + 1, FIRST, folded_note(tokens), self.style.bold)
        self.row = last + 2
        return last

    def _write_labels(self, row: int, labels: RowLabels, count: int) -> None:
        if isinstance(labels, str):
            self.formula(row, 0, labels, self.style.position, (count, 2))
        else:
            for column, cell_format in enumerate((self.style.position, self.style.token)):
                self.formula(row, column, labels[column], cell_format, (count, 1))

    def _headers(self, formulas: Sequence[Formulas], columns: int) -> None:
        for number, formula in enumerate(formulas, start=1):
            innermost = number == len(formulas)
            row_format = self.style.channel if innermost else self.style.group
            self.format_row(self.row, row_format, FIRST + columns)
            for column, label in enumerate(("position", "token") if innermost else ("", "")):
                self.text(self.row, column, label, self.style.label)
            self._formulas(self.row, FIRST, self._twins(formula) if self._twin else formula, row_format, (1, columns))
            self.row += 1

    def _twins(self, shown: Formulas) -> Formulas:
        """The content of the twin's row with the same number, read from there."""
        twin, column, read = quote_sheetname(self._twin), FIRST, []
        for piece in [Piece("", 0)] if isinstance(shown, str) else shown:
            read.append(replace(piece, formula=f"{twin}!{self.at(self.row, column)}#"))
            column += piece.columns + piece.gap
        return read[0].formula if isinstance(shown, str) else read

    def _formulas(self, row: int, column: int, shown: Formulas, cell_format: Format, size: tuple[int, int]) -> None:
        if isinstance(shown, str):
            self.formula(row, column, shown, cell_format, size)
        else:
            self.pieces(row, column, shown, cell_format, size[0])
