"""The parts that Ablation and Weight edits share: a table of edits, the model text with them, the answers."""

from __future__ import annotations

from collections.abc import Sequence

from workbook_templates.book import Book
from workbook_templates.grids import area
from workbook_templates.next_tokens import COLUMNS
from workbook_templates.sheet import Page
from workbook_templates.surgery.answers import GAP, predict, write_before_and_after
from workbook_templates.surgery.overview import Done

WIDTHS = (14, 30, 11, 11, 13, 3, 9, 22, 9, 9, 13, 3, 9, 32, 30)
SURGERY = 12  # the first column of GPT2_MODEL's surgery argument


def edit_page(book: Book, name: str, title: str, lines: Sequence[str]) -> Page:
    """A tab of this kind, with its title and introduction."""
    page = Page(book, name, WIDTHS, kind="input")
    page.furniture(title, lines)
    return page


def header(page: Page, titles: Sequence[str]) -> None:
    """The titles of the columns to type into, and of the columns that GPT2_MODEL reads."""
    for column, title in enumerate(titles):
        page.text(page.row, column, title, page.style.header)
    for column, title in enumerate(("what", "where", "amount"), start=SURGERY):
        page.text(page.row, column, title, page.style.header)
    page.text(page.row - 1, SURGERY, "As GPT2_MODEL reads it", page.style.bold)
    page.row += 1


def surgery_row(page: Page, formulas: Sequence[str]) -> None:
    """The page's row as GPT2_MODEL reads it."""
    for column, formula in enumerate(formulas, start=SURGERY):
        page.plain(page.row, column, formula, page.style.note_number)


def write_answers(page: Page, first: int, last: int, prompt: str) -> Done:
    """The model text with the edits of these rows, and the next tokens before and after."""
    page.section("Answer")
    page.text(page.row, 0, "model text", page.style.bold)
    cells = area(page, first, SURGERY, last, SURGERY + 2)
    page.formula(page.row, 1, f"GPT2_MODEL(model_used,{page.book.dialect.typed(cells)})", page.style.note)
    page.mark_errors(page.row, 1)
    model = page.at(page.row, 1, absolute=True)
    page.row += 2
    table = page.place(page.row + 1, COLUMNS + GAP)
    write_before_and_after(page, predict(prompt, "model_used"), predict(prompt, model))
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, page.row, SURGERY + 2)
    return Done(page.name, table, prompt)
