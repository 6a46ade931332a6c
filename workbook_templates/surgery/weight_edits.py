"""The tab Weight edits: single weights of the model, each with its learned and its new value."""

from __future__ import annotations

from workbook_templates.book import Book
from workbook_templates.sheet import Page
from workbook_templates.surgery import model_edit
from workbook_templates.surgery.inputs import by_model
from workbook_templates.surgery.overview import Done

TAB = "Weight edits"

_FIRST_EDIT = ("ln_f.bias", None, None, -5)
_FIRST_ROW = by_model("69", "0")  # with 69, demo's answer becomes a lightsaber; row 0 exists in every model
_ROOM = 8
_TENSOR, _ROW, _COLUMN, _NEW, _NOW = 1, 2, 3, 4, 6  # columns
_NOTES = (
    "tensor: all names are on the tab Weights of 1_anatomy.xlsx",
    "row: counted from 0; in a tensor of one row, which number",
    "column: counted from 0; blank for a tensor of one row",
    "new: the new value of the weight",
    "now: the value that the model has learned",
)


def write_weight_edits(book: Book) -> Done:
    """Writes the tab and returns what the overview needs."""
    page = model_edit.edit_page(
        book,
        TAB,
        "Changing single weights",
        (
            "All that a model knows is in its weights. Type another number for one of them and see what it predicts.",
            "Unlike steering, this is blind: it changes the model for every prompt.",
        ),
    )
    page.section("Choose")
    page.row += 1
    model_edit.header(page, ("", "tensor", "row", "column", "new", "", ""))
    page.text(page.row - 1, _NOW, "now", page.style.header_right)
    first, last = page.row, page.row + _ROOM - 1
    for number in range(_ROOM):
        _edit(page, number)
    page.mark_errors(first, _NOW, last, _NOW)
    page.row += 1
    return model_edit.write_answers(page, first, last, "prompt_used")


def _edit(page: Page, number: int) -> None:
    """A row of the table."""
    page.text(page.row, 0, f"edit {number}", page.style.bold)
    typed = _FIRST_EDIT if number == 0 else (None, None, None, None)
    for cell, value in zip((_TENSOR, _ROW, _COLUMN, _NEW), typed, strict=True):
        page.input(page.row, cell, value)
    if number == 0:
        page.plain(page.row, _ROW, _FIRST_ROW, page.style.input)
    tensor, row, column, new = (page.at(page.row, cell) for cell in (_TENSOR, _ROW, _COLUMN, _NEW))
    alone, inside = (f"GPT2_WEIGHT({tensor},{piece},model_used)" for piece in (f"0,1,{row},1", f"{row},1,{column},1"))
    learned = f'IF({column}="",{alone},{inside})'
    page.formula(page.row, _NOW, f'IF({tensor}="","",{learned})', page.style.weight)
    model_edit.surgery_row(
        page,
        (
            f'IF({tensor}="","","set")',
            f'IF({tensor}="","",{tensor}&"["&{row}&IF({column}="","",", "&{column})&"]")',
            f'IF({new}="","",{new})',
        ),
    )
    if number < len(_NOTES):
        page.text(page.row, _NOW + 1, _NOTES[number], page.style.aside)
    page.row += 1
