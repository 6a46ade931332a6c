"""The tab Ablation: heads, attention layers and MLPs switched off, scaled, or set to their mean."""

from __future__ import annotations

from collections.abc import Sequence

from workbook_templates.book import Book
from workbook_templates.sheet import Page
from workbook_templates.surgery import model_edit
from workbook_templates.surgery.overview import Done

TAB = "Ablation"
PROMPT = "If today is Tuesday, tomorrow is"
MEAN_PROMPTS = (
    "If today is Monday, tomorrow is",
    "If today is Wednesday, tomorrow is",
    "If today is Friday, tomorrow is",
    "If today is Sunday, tomorrow is",
)
FIRST_EDIT = ("zero", "h.1.attn")

_ROOM, _PROMPT_ROOM = 6, 6
_NOTES = (
    ("zero", "the part writes nothing"),
    ("scale", "its output is multiplied by the amount: 2 doubles it"),
    ("mean", "it writes the same for every token: its mean over the prompts below"),
    ("where", "a head: h.{0}.attn.head.1; all heads of a block: h.{0}.attn; an MLP: h.{0}.mlp"),
)


def write_ablation(book: Book) -> Done:
    """Writes the tab and returns what the overview needs."""
    page = model_edit.edit_page(
        book,
        TAB,
        "Taking parts out",
        (
            "Which part of the model does an answer need? Take it out and see. Blocks and heads are counted from 0.",
            "Zero is crude: later parts rely on what is always there. Mean keeps that and removes only the rest.",
            "Replace the first zero below by mean: with demo, the right answer returns.",
        ),
    )
    page.section("Choose")
    page.text(page.row, 0, "prompt", page.style.bold)
    _wide_input(page, 1, PROMPT)
    page.text(page.row, 6, "The prompt of this tab.", page.style.note)
    prompt = page.place(page.row, 1)
    page.row += 2
    model_edit.header(page, ("what", "where", "amount"))
    first, last = page.row, page.row + _ROOM - 1
    prompts = [page.at(last + 3 + number, 0, absolute=True) for number in range(_PROMPT_ROOM)]
    _write_edits(page, prompts)
    page.row += 1
    _write_mean_prompts(page, prompts)
    page.row += 1
    return model_edit.write_answers(page, first, last, prompt)


def _write_edits(page: Page, prompts: Sequence[str]) -> None:
    """The table to type into, and each row as GPT2_MODEL reads it, with all prompts in one text."""
    listed = "&".join(f'IF({cell}="","",{cell}&CHAR(10))' for cell in prompts)
    options = {"validate": "list", "source": ["zero", "scale", "mean"], "error_message": "zero, scale or mean."}
    page.sheet.data_validation(page.row, 0, page.row + _ROOM - 1, 0, options)
    for number in range(_ROOM):
        what, where, amount = (page.at(page.row, column) for column in range(3))
        for column, value in enumerate((*FIRST_EDIT, None) if number == 0 else (None, None, None)):
            page.input(page.row, column, value)
        formulas = (
            f'IF({what}="zero","scale",{what}&"")',
            f'{where}&""',
            f'IF({what}="zero",0,IF({what}="mean",{listed},IF({amount}="","",{amount})))',
        )
        model_edit.surgery_row(page, formulas)
        if number < len(_NOTES):
            name, meaning = _NOTES[number]
            page.text(page.row, 6, name, page.style.bold)
            page.text(page.row, 7, meaning.format(page.book.shape.late_layer), page.style.note)
        page.row += 1


def _write_mean_prompts(page: Page, prompts: Sequence[str]) -> None:
    """The prompts that a mean is taken over."""
    page.text(page.row, 0, "Prompts for the mean", page.style.bold)
    page.row += 1
    for number, cell in enumerate(prompts):
        assert page.at(page.row, 0, absolute=True) == cell
        _wide_input(page, 0, MEAN_PROMPTS[number] if number < len(MEAN_PROMPTS) else None)
        page.row += 1


def _wide_input(page: Page, column: int, text: str | None) -> None:
    page.sheet.merge_range(page.row, column, page.row, 4, "", page.style.input)
    page.input(page.row, column, text)
