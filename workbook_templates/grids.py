"""Tables and heat maps that spill from one formula into cells that are formatted for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlsxwriter.format import Format

from workbook_templates.book import MARK
from workbook_templates.sheet import Page


def is_message(cell: str) -> str:
    """The condition that a cell holds an error message."""
    return f'LEFT({cell},{len(MARK)})="{MARK}"'


def unless_message(cell: str, formula: str, otherwise: str = '""') -> str:
    """The formula, or something else if the cell that it reads holds an error message."""
    return f"IF({is_message(cell)},{otherwise},{formula})"


def area(page: Page, row: int, column: int, last_row: int, last_column: int) -> str:
    """The address of a range on the tab itself."""
    return f"{page.at(row, column, absolute=True)}:{page.at(last_row, last_column, absolute=True)}"


def table(page: Page, column: int, formula: str, formats: Sequence[Format], rows: int) -> str:
    """A table with a header row at the page's row, and a format for each column; returns the cell that it spills from.

    The page's row is moved past it.
    """
    header, style = page.row, page.style
    page.formula(header, column, formula, style.header, (rows + 1, len(formats)))
    for at, cell_format in enumerate(formats, start=column):
        if at > column:
            page.sheet.write_blank(header, at, None, _header_of(page, cell_format))
        for row in range(header + 1, header + 1 + rows):
            page.sheet.write_blank(row, at, None, cell_format)
    page.mark_errors(header, column)
    page.row = header + 1 + rows
    return page.at(header, column, absolute=True)


def _header_of(page: Page, cell_format: Format) -> Format:
    """The format of a header over cells of that format, with the same alignment."""
    style = page.style
    if cell_format in (
        style.whole,
        style.number,
        style.logit,
        style.probability,
        style.probability_or_blank,
        style.share,
    ):
        return style.header_right
    if cell_format is style.position:
        return style.header_centred
    return style.header_aside if cell_format in (style.aside, style.token_aside) else style.header


def heat_map(
    page: Page,
    column: int,
    formula: str,
    size: tuple[int, int],
    cell_format: Format,
    scale: dict[str, Any] | None,
) -> str:
    """A table whose first column and header row are labels, as `table`; `size` is that of the values alone."""
    rows, columns = size
    header = page.row
    cell = table(page, column, formula, (page.style.position, *[cell_format] * columns), rows)
    for at in range(column + 1, column + 1 + columns):
        page.sheet.write_blank(header, at, None, page.style.cell_header)  # no border over cells that may stay empty
    if scale:
        page.sheet.conditional_format(header + 1, column + 1, header + rows, column + columns, scale)
    return cell


def fold(page: Page, tokens: int, more: int = 0) -> None:
    """Folds the rows above that the workbook's own prompt does not need. A note says if another prompt needs them.

    more: rows after those of the tokens
    """
    first, unfolded = page.row - tokens - more, page.book.unfolded
    for row in range(first + unfolded + more, page.row):
        page.sheet.set_row(row, None, None, {"level": 1, "hidden": True})
    if tokens > unfolded:
        page.sheet.set_row(page.row, None, None, {"collapsed": True})
        page.plain(page.row, 1, page.book.folded_note(f"token_count>{unfolded}"), page.style.bold)
    page.row += 1


def title(page: Page, text: str, lines: Sequence[str] = ()) -> None:
    """A dark bar and the lines under it."""
    page.section(text)
    page.lines(lines)


def labelled_input(page: Page, label: str, value: str | float | None, note: str, last_column: int = 1) -> str:
    """A row with a label, an input cell as wide as several columns, and a note; returns the input cell."""
    page.text(page.row, 0, label, page.style.bold)
    if last_column > 1:
        page.sheet.merge_range(page.row, 1, page.row, last_column, "", page.style.input)
    page.input(page.row, 1, value)
    page.text(page.row, last_column + 1, note, page.style.aside)
    page.row += 1
    return page.at(page.row - 1, 1, absolute=True)


def labelled_value(page: Page, label: str, formula: str, note: str, cell_format: Format | None = None) -> str:
    """As `labelled_input`, for a computed value."""
    page.text(page.row, 0, label, page.style.bold)
    page.formula(page.row, 1, formula, cell_format or page.style.value)
    page.mark_errors(page.row, 1)
    page.text(page.row, 2, note, page.style.aside)
    page.row += 1
    return page.at(page.row - 1, 1, absolute=True)


def whole_number(page: Page, cell: str, low: int, high: int) -> None:
    """Lets a cell take whole numbers only."""
    message = f"A whole number, {low} to {high}."
    rule = {"validate": "integer", "criteria": "between", "minimum": low, "maximum": high, "error_message": message}
    page.sheet.data_validation(cell.replace("$", ""), rule)


def number_between(page: Page, cell: str, low: float, high: float) -> None:
    """Lets a cell take numbers only."""
    message = f"A number, {low:g} to {high:g}."
    rule = {"validate": "decimal", "criteria": "between", "minimum": low, "maximum": high, "error_message": message}
    page.sheet.data_validation(cell.replace("$", ""), rule)


def layer_frame(page: Page, column: int, titles: Sequence[int | str], cell_format: Format) -> tuple[int, int]:
    """Writes titles across, layer numbers down and empty cells; returns the first and last row of the cells."""
    style, header = page.style, page.row
    first, last = header + 1, header + page.book.shape.n_layer
    page.text(header, column, "layer ↓ head →", style.label)
    for at, text in enumerate(titles, start=column + 1):
        page.sheet.write(header, at, text, style.position)
    for layer, row in enumerate(range(first, last + 1)):
        page.sheet.write_number(row, column, layer, style.position)
        for at in range(column + 1, column + 1 + len(titles)):
            page.sheet.write_blank(row, at, None, cell_format)
    return first, last
