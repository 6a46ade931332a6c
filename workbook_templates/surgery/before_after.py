"""The answer before and after an operation: two tables on its tab, and a row on the tab Before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import unless_message
from workbook_templates.next_tokens import COLUMNS, write_next_tokens
from workbook_templates.prompt_tab import write_prompt_tokens
from workbook_templates.sheet import Page

SHOWN = 8  # tokens in a table
GAP = 1  # column between two tables

OVERVIEW = "Before and after"
TOKEN_TABLE = f"'{OVERVIEW}'!$A$6"

_TABLE = 4  # the column in which the table of next tokens begins
_OPERATIONS = _TABLE + COLUMNS + 1


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


@dataclass(frozen=True)
class Done:
    """An operation, for the overview: the name of its tab, the first cell of its table of next tokens, its prompt."""

    tab: str
    table: str
    prompt: str

    @property
    def token(self) -> str:
        """The address of the most likely token, with its tab."""
        tab, _, cell = self.table.replace("$", "").rpartition("!")
        row, column = xl_cell_to_rowcol(cell)
        return f"{tab}!{xl_rowcol_to_cell(row + 1, column + 1)}"

    @property
    def answer(self) -> str:
        """The formula for the most likely token, or for the message instead of it."""
        return unless_message(self.table, f"INDEX({self.table}#,2,2)", self.table)

    @property
    def probability(self) -> str:
        """The formula for its probability."""
        return unless_message(self.table, f"INDEX({self.table}#,2,5)")


def overview_page(book: Book) -> Page:
    """The tab without the operations, which come later. Names the tokens, the next tokens and the next token."""
    page = Page(book, OVERVIEW, (11.5, 20, 9, 3, 8, 20, 9, 9, 13, 3, 20, 20, 13, 44), kind="result")
    page.furniture(
        OVERVIEW,
        (
            "The tokens of the prompt, the model's own answer, and its answer after each operation. Tabs with a "
            "prompt of "
            "their own use that one.",
        ),
    )
    page.text(page.row, 0, "The prompt's tokens", page.style.bold)
    table, token = write_table(page, _TABLE, "The model's own answer", predict("prompt_used", "model_used"))
    page.row += 1
    assert page.place(page.row, 0) == TOKEN_TABLE
    header = page.row
    write_prompt_tokens(page, 0)
    book.name("next_tokens", page.place(header, _TABLE, header + SHOWN, _TABLE + COLUMNS - 1))
    answer = header + SHOWN + 2
    page.text(answer, _TABLE, "answer", page.style.bold)
    page.formula(answer, _TABLE + 1, unless_message(table, token, table), page.style.result)
    page.mark_errors(answer, _TABLE + 1)
    book.name("next_token", page.place(answer, _TABLE + 1))
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, header + book.shape.tokens, _OPERATIONS + 3)
    page.row = header
    return page


def write_operations(page: Page, done: Sequence[Done], swept: str) -> None:
    """A row for each operation: a link, the most likely token after it, its probability. Then a link to the sweep."""
    page.row -= 1
    page.text(page.row, _OPERATIONS, "After each operation", page.style.bold)
    page.row += 1
    for column, (title, cell_format) in enumerate(
        (
            ("operation", page.style.header),
            ("answer", page.style.header),
            ("probability", page.style.header_right),
            ("prompt", page.style.header_aside),
        )
    ):
        page.text(page.row, _OPERATIONS + column, title, cell_format)
    first = page.row + 1
    for row, item in enumerate(done, start=first):
        page.link(row, _OPERATIONS, item.tab, "A1", item.tab)
        page.formula(row, _OPERATIONS + 1, item.answer, page.style.token)
        page.plain(row, _OPERATIONS + 3, f'{item.prompt}&""', page.style.aside)
        page.formula(row, _OPERATIONS + 2, item.probability, page.style.probability)
    last = first + len(done) - 1
    page.mark_errors(first, _OPERATIONS + 1, last)
    page.sheet.conditional_format(first, _OPERATIONS + 2, last, _OPERATIONS + 2, look.PROBABILITY_BARS)
    page.link(last + 1, _OPERATIONS, swept, "A1", swept)
    page.text(last + 1, _OPERATIONS + 1, "one operation at many strengths", page.style.note)
