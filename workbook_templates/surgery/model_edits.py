"""The tabs Ablation and Weight edits: a table of edits, the model text with them, the answer before and after."""

from __future__ import annotations

from collections.abc import Sequence

from udfs.models.demo.facts import facts
from workbook_templates.book import Book
from workbook_templates.grids import area
from workbook_templates.sheet import Page
from workbook_templates.surgery.before_after import Done, write_before_and_after
from workbook_templates.surgery.models import by_model

_WIDTHS = (14, 30, 11, 11, 13, 3, 9, 22, 9, 9, 13, 3, 9, 32, 30)
_SURGERY = 12  # the first column of GPT2_MODEL's surgery argument

ABLATION = "Ablation"
_MEAN_RESTORES = "Replace the first zero below with mean. With demo, the right answer returns."
_MEAN_DIFFERS = "Replace the first zero below with mean, and compare the answers."
_ABLATION_ROOM, _PROMPT_ROOM = 6, 6
_ABLATION_NOTES = (
    ("zero", "the part adds nothing"),
    ("scale", "its output is multiplied by the amount: 2 doubles it"),
    ("mean", "it adds the same for every token: its mean over the prompts below"),
    ("where", "a head: h.{0}.attn.head.1; all heads of a block: h.{0}.attn; an MLP: h.{0}.mlp"),
)

WEIGHT_EDITS = "Weight edits"

_WEIGHT_ROOM = 8
_TENSOR, _ROW, _COLUMN, _NEW, _NOW = 1, 2, 3, 4, 6  # columns
_WEIGHT_NOTES = (
    "tensor: the tab Weights of 1_anatomy.xlsx lists all names",
    "row: counted from 0. In a tensor with one row: which number",
    "column: counted from 0. Blank for a tensor with one row",
    "new: the new value of the weight",
    "now: the value that the model has learned",
)


def _edit_page(book: Book, name: str, title: str, lines: Sequence[str]) -> Page:
    """A tab of this kind, with its title and introduction."""
    page = Page(book, name, _WIDTHS, kind="input")
    page.furniture(title, lines)
    return page


def _header(page: Page, titles: Sequence[str]) -> None:
    """The titles of the columns to type into, and of the columns that GPT2_MODEL reads."""
    for column, title in enumerate(titles):
        page.text(page.row, column, title, page.style.header)
    for column, title in enumerate(("what", "where", "amount"), start=_SURGERY):
        page.text(page.row, column, title, page.style.header)
    page.text(page.row - 1, _SURGERY, "As GPT2_MODEL reads it", page.style.bold)
    page.row += 1


def _surgery_row(page: Page, formulas: Sequence[str]) -> None:
    """The page's row as GPT2_MODEL reads it."""
    for column, formula in enumerate(formulas, start=_SURGERY):
        page.plain(page.row, column, formula, page.style.note_number)


def _write_answers(page: Page, first: int, last: int, prompt: str) -> Done:
    """The model text with the edits of these rows, and the next tokens before and after."""
    page.section("Answer")
    page.text(page.row, 0, "model text", page.style.bold)
    cells = area(page, first, _SURGERY, last, _SURGERY + 2)
    page.formula(page.row, 1, f"GPT2_MODEL(model_used,{page.book.dialect.typed(cells)})", page.style.note)
    page.mark_errors(page.row, 1)
    model = page.at(page.row, 1, absolute=True)
    page.row += 2
    after = write_before_and_after(page, prompt, ("model_used", model))
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, page.row, _SURGERY + 2)
    return Done(page.name, after, prompt)


def write_ablation(book: Book) -> Done:
    """Writes the tab and returns what the overview needs."""
    page = _edit_page(
        book,
        ABLATION,
        "Taking parts out",
        (
            "Which part of the model does an answer need? Take it out and see. Blocks and heads are counted from 0. "
            "Zero is crude: later parts rely on what is always there. Mean keeps that and removes only the rest.",
            _MEAN_RESTORES if facts().ablation.mean_restores else _MEAN_DIFFERS,
        ),
    )
    page.section("Choose")
    page.text(page.row, 0, "prompt", page.style.bold)
    _wide_input(page, 1, facts().ablation.prompt)
    page.text(page.row, 6, "This tab has its own prompt.", page.style.note)
    prompt = page.place(page.row, 1)
    page.row += 2
    _header(page, ("what", "where", "amount"))
    first, last = page.row, page.row + _ABLATION_ROOM - 1
    prompts = [page.at(last + 3 + number, 0, absolute=True) for number in range(_PROMPT_ROOM)]
    _write_ablations(page, prompts)
    page.row += 1
    _write_mean_prompts(page, prompts)
    page.row += 1
    return _write_answers(page, first, last, prompt)


def _write_ablations(page: Page, prompts: Sequence[str]) -> None:
    """The table to type into, and each row as GPT2_MODEL reads it, with all prompts in one text."""
    listed = "&".join(f'IF({cell}="","",{cell}&CHAR(10))' for cell in prompts)
    options = {"validate": "list", "source": ["zero", "scale", "mean"], "error_message": "zero, scale or mean."}
    page.sheet.data_validation(page.row, 0, page.row + _ABLATION_ROOM - 1, 0, options)
    for number in range(_ABLATION_ROOM):
        what, where, amount = (page.at(page.row, column) for column in range(3))
        for column, value in enumerate(("zero", facts().ablation.part, None) if number == 0 else (None, None, None)):
            page.input(page.row, column, value)
        formulas = (
            f'IF({what}="zero","scale",{what}&"")',
            f'{where}&""',
            f'IF({what}="zero",0,IF({what}="mean",{listed},IF({amount}="","",{amount})))',
        )
        _surgery_row(page, formulas)
        if number < len(_ABLATION_NOTES):
            name, meaning = _ABLATION_NOTES[number]
            page.text(page.row, 6, name, page.style.bold)
            page.text(page.row, 7, meaning.format(page.book.shape.late_layer), page.style.note)
        page.row += 1


def _write_mean_prompts(page: Page, prompts: Sequence[str]) -> None:
    """The prompts that a mean is taken over."""
    page.text(page.row, 0, "Prompts for the mean", page.style.bold)
    page.row += 1
    mean_over = facts().ablation.mean_over
    for number, cell in enumerate(prompts):
        assert page.at(page.row, 0, absolute=True) == cell
        _wide_input(page, 0, mean_over[number] if number < len(mean_over) else None)
        page.row += 1


def _wide_input(page: Page, column: int, text: str | None) -> None:
    page.sheet.merge_range(page.row, column, page.row, 4, "", page.style.input)
    page.input(page.row, column, text)


def write_weight_edits(book: Book) -> Done:
    """Writes the tab and returns what the overview needs."""
    page = _edit_page(
        book,
        WEIGHT_EDITS,
        "Changing single weights",
        (
            "All that a model knows is in its weights. Type another number for one of them, and see what the model "
            "predicts. Unlike steering, this changes the model for every prompt.",
        ),
    )
    page.section("Choose")
    page.row += 1
    _header(page, ("", "tensor", "row", "column", "new", "", ""))
    page.text(page.row - 1, _NOW, "now", page.style.header_right)
    first, last = page.row, page.row + _WEIGHT_ROOM - 1
    for number in range(_WEIGHT_ROOM):
        _write_weight(page, number)
    page.mark_errors(first, _NOW, last, _NOW)
    page.row += 1
    return _write_answers(page, first, last, "prompt_used")


def _write_weight(page: Page, number: int) -> None:
    """A row of the table."""
    page.text(page.row, 0, f"edit {number}", page.style.bold)
    edit = facts().weight_edit
    typed = ("ln_f.bias", None, None, edit.value) if number == 0 else (None, None, None, None)
    for cell, value in zip((_TENSOR, _ROW, _COLUMN, _NEW), typed, strict=True):
        page.input(page.row, cell, value)
    if number == 0:
        index = by_model(str(edit.index), "0")  # demo's changes the answer; row 0 exists in every model
        page.plain(page.row, _ROW, index, page.style.input)
    tensor, row, column, new = (page.at(page.row, cell) for cell in (_TENSOR, _ROW, _COLUMN, _NEW))
    alone, inside = (f"GPT2_WEIGHT({tensor},{piece},model_used)" for piece in (f"0,1,{row},1", f"{row},1,{column},1"))
    learned = f'IF({column}="",{alone},{inside})'
    page.formula(page.row, _NOW, f'IF({tensor}="","",{learned})', page.style.weight)
    _surgery_row(
        page,
        (
            f'IF({tensor}="","","set")',
            f'IF({tensor}="","",{tensor}&"["&{row}&IF({column}="","",", "&{column})&"]")',
            f'IF({new}="","",{new})',
        ),
    )
    if number < len(_WEIGHT_NOTES):
        page.text(page.row, _NOW + 1, _WEIGHT_NOTES[number], page.style.aside)
    page.row += 1
