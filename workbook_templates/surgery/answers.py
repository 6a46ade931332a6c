"""Tables of next tokens before and after an operation, side by side."""

from __future__ import annotations

from workbook_templates.grids import unless_message
from workbook_templates.next_tokens import COLUMNS, write_next_tokens
from workbook_templates.sheet import Page

SHOWN = 8  # tokens in a table
GAP = 1  # column between two tables


def write_table(page: Page, column: int, title: str, formula: str) -> tuple[str, str]:
    """Writes a table of next tokens without moving the page's row.

    Returns its first cell and the cell of its most likely token.
    """
    page.text(page.row, column, title, page.style.bold)
    header = page.row + 1
    page.row = header
    table = write_next_tokens(page, column, formula, SHOWN)
    page.row = header - 1
    return table, page.at(header + 1, column + 1, absolute=True)


def predict(prompt: str, model: str) -> str:
    """The formula of such a table."""
    return f"GPT2_PREDICT({prompt},{SHOWN},1,{model})"


def write_before_and_after(page: Page, before: str, after: str) -> str:
    """Two tables, each with its most likely token below. Returns the address of the token after the operation."""
    cells = []
    for column, title, formula in (
        (0, "Before", before),
        (COLUMNS + GAP, "After", after),
    ):
        table, token = write_table(page, column, title, formula)
        cells.append((column, unless_message(table, token, table)))
    page.row += SHOWN + 3
    for column, formula in cells:
        page.text(page.row, column, "answer", page.style.bold)
        page.formula(page.row, column + 1, formula, page.style.result)
        page.mark_errors(page.row, column + 1)
    place = page.place(page.row, COLUMNS + GAP + 1)
    page.row += 2
    return place
