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
_ID, _BEFORE, _AFTER, _MOVED = 2, 2, 3, 4  # columns of a table of next tokens, and of the logits of both answers


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


def write_before_and_after(page: Page, prompt: str, models: tuple[str, str]) -> str:
    """Two tables, each with its most likely token below, and how the logits of these two moved.

    models: the cells of the model text without the operation and with it

    Returns the address of the first cell of the second table.
    """
    tables = []
    for column, title, model in zip((0, COLUMNS + GAP), ("Before", "After"), models, strict=True):
        table, token = write_table(page, column, title, predict(prompt, model))
        tables.append((column, table, token))
    page.row += SHOWN + 3
    for column, table, token in tables:
        page.text(page.row, column, "answer", page.style.bold)
        page.formula(page.row, column + 1, unless_message(table, token, table), page.style.result)
        page.mark_errors(page.row, column + 1)
    page.row += 2
    _logits_of_both(page, prompt, models, page.row - SHOWN - 3)
    _, after, _ = tables[-1]
    return page.there(after)


def _logits_of_both(page: Page, prompt: str, models: tuple[str, str], first: int) -> None:
    """The logits of both answers, before and after, and how far the new answer is ahead of the old; with a chart.

    first: the first row of both tables
    """
    style, header = page.style, page.row
    for column, text in enumerate(("the logit of", "", "before", "after", "moved by")):
        page.text(header, column, text, style.header if column < _BEFORE else style.header_right)
    ids = [page.at(first, column, absolute=True) for column in (_ID, COLUMNS + GAP + _ID)]
    page.row += 1
    for label, table in (("the old answer", 0), ("the new answer", COLUMNS + GAP)):
        token, its_id = page.at(first, table + 1), page.at(first, table + _ID)
        page.text(page.row, 0, label)
        page.plain(page.row, 1, f'IF(ISNUMBER({its_id}),{token},"")', style.token)
        for column, model in zip((_BEFORE, _AFTER), models, strict=True):
            end = f'GPT2_RESIDUAL({prompt},"h.{page.book.shape.n_layer}",{model})'
            # The last row is taken of the logits: of a stream with one row, LibreOffice's INDEX takes one number.
            logit = f"LET(logits,GPT2_UNEMBED({end},{its_id},{model}),INDEX(logits,ROWS(logits),1))"
            page.formula(page.row, column, f'IF(COUNT({",".join(ids)})=2,{logit},"")', style.logit)
        _difference(page, page.row, _MOVED, (_BEFORE, _AFTER))
        page.row += 1
    old, new = page.row - 2, page.row - 1
    page.text(page.row, 0, "new minus old", style.bold)
    for column in (_BEFORE, _AFTER):
        low, high = page.at(old, column), page.at(new, column)
        page.plain(page.row, column, f'IF(COUNT({low},{high})=2,{high}-{low},"")', style.result_logit)
    _difference(page, page.row, _MOVED, (_BEFORE, _AFTER))
    page.text(page.row, COLUMNS + GAP, "Above 0, the new answer is ahead. 2.3 more is ten times as likely.", style.note)
    page.row += 2
    _chart_of_both(page, header, first)


def _difference(page: Page, row: int, column: int, of: tuple[int, int]) -> None:
    before, after = (page.at(row, at) for at in of)
    page.plain(row, column, f'IF(COUNT({before},{after})=2,{after}-{before},"")', page.style.logit)


def _chart_of_both(page: Page, header: int, first: int) -> None:
    """Both logits before and after, to the right of the tables."""
    chart = page.book.workbook.add_chart({"type": "column"})
    for column, colour in ((_BEFORE, look.BAND), (_AFTER, look.POSITIVE)):
        chart.add_series(
            {
                "name": [page.name, header, column],
                "categories": [page.name, header + 1, 1, header + 2, 1],
                "values": [page.name, header + 1, column, header + 2, column],
                "fill": {"color": colour},
                "gap": 80,
                "data_labels": {"value": True, "num_format": "0.0"},
            }
        )
    look.dress_chart(chart, "Logits of the two answers")
    chart.set_y_axis({"visible": False, "major_gridlines": {"visible": False}})
    chart.set_x_axis({"label_position": "low"})
    chart.set_size({"width": 380, "height": 260})
    page.sheet.insert_chart(first - 2, 2 * COLUMNS + GAP + 1, chart)


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
