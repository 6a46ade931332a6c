"""Tables of next tokens: before an operation and after it, side by side."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.places import MARK
from workbook_templates.sheet import Page

SHOWN = 8  # tokens in a table
COLUMNS = 5  # of a table
GAP = 1  # column between two tables


def write_table(page: Page, column: int, title: str, formula: str) -> tuple[str, str]:
    """A table of next tokens at the page's row, which stays; gives its first cell and its most likely token's."""
    style, header = page.style, page.row + 1
    first, last = header + 1, header + SHOWN
    page.text(page.row, column, title, style.bold)
    for number in range(1, COLUMNS):
        page.sheet.write_blank(header, column + number, None, style.header_right if number > 1 else style.header)
    page.formula(header, column, formula, style.header, (SHOWN + 1, COLUMNS))
    for number, cell_format in enumerate((style.position, style.token, style.whole, style.logit, style.probability)):
        for row in range(first, last + 1):
            page.sheet.write_blank(row, column + number, None, cell_format)
    page.mark_errors(header, column)
    bar = column + COLUMNS - 1
    page.sheet.conditional_format(first, bar, last, bar, look.PROBABILITY_BARS)
    return page.at(header, column, absolute=True), page.at(first, column + 1, absolute=True)


def predict(prompt: str, model: str) -> str:
    """The formula of a table."""
    return f"GPT2_PREDICT({prompt},{SHOWN},1,{model})"


def write_before_and_after(page: Page, before: str, after: str) -> str:
    """Two tables and under each its most likely token; gives the place of the one after."""
    cells = []
    for column, title, formula in (
        (0, "Before", before),
        (COLUMNS + GAP, "After", after),
    ):
        table, token = write_table(page, column, title, formula)
        cells.append((column, first_or_message(table, token)))
    page.row += SHOWN + 3
    for column, formula in cells:
        page.text(page.row, column, "answer", page.style.bold)
        page.formula(page.row, column + 1, formula, page.style.result)
        page.mark_errors(page.row, column + 1)
    place = page.place(page.row, COLUMNS + GAP + 1)
    page.row += 2
    return place


def first_or_message(table: str, cell: str) -> str:
    """The formula of a table's cell, or of the message that stands in place of the table."""
    return f'IF(LEFT({table},6)="{MARK}",{table},{cell})'
