"""The tab Patching: which piece of a clean run, put into a corrupted one, brings the answer back."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import heat_map, labelled_input, title, unless_message
from workbook_templates.places import MARK
from workbook_templates.prompt_tab import tokens_of
from workbook_templates.sheet import Page

NAME = "Patching"

CLEAN = "When Mary and John went to the store, John gave a drink to"
CORRUPTED = "When Mary and John went to the store, Mary gave a drink to"

_INPUT_COLUMNS = 6  # over which a sentence may run
_PRINTED = 16


def write_patching(book: Book) -> None:
    """Writes the tab."""
    shape, style = book.shape, book.style
    page = Page(book, NAME, (13, *[12.5] * max(shape.tokens, shape.n_head)))
    page.furniture(
        NAME,
        (
            "Two sentences of equally many tokens, different in one word, so that the model's answer is another.",
            "It reads the corrupted one, but at one place it is given what it had there in the clean one.",
            "How much of the answer does that bring back? 0 nothing, 1 all: there the model keeps what matters.",
        ),
    )
    title(page, "You choose")
    clean = labelled_input(page, "clean", CLEAN, "", _INPUT_COLUMNS)
    corrupted = labelled_input(page, "corrupted", CORRUPTED, "", _INPUT_COLUMNS)
    answer = labelled_input(page, "answer", " Mary", "What should follow the clean one, with the space before it.")
    wrong = labelled_input(page, "wrong answer", " John", "What follows the corrupted one.")
    page.row += 1
    title(page, "What the model answers, unpatched")
    for label, sentence in (("clean", clean), ("corrupted", corrupted)):
        page.text(page.row, 0, label, style.bold)
        predicted = f"GPT2_PREDICT({sentence},1,1,model_used)"
        for column, at, cell_format in ((1, 2, style.result), (2, 5, style.result_share)):
            formula = f"LET(t,{predicted},IF(COLUMNS(t)=1,t,INDEX(t,2,{at})))"
            page.formula(page.row, column, formula, cell_format)
            page.mark_errors(page.row, column)
        page.row += 1
    page.row += 1
    checked = f'LET(n,{tokens_of(clean)},IF(n>room,"{_too_long(page)}"&n,{clean}))'
    arguments = f"{unless_message('model_used', checked, 'model_used')},{corrupted},{answer},{wrong}"
    title(
        page,
        "One token's stream as it enters a layer, patched",
        ("So one sees where the answer travels: from the word that differs to the last token, and in which layers.",),
    )
    _map(page, f'GPT2_PATCH({arguments},"positions",model_used)', shape.tokens)
    page.row += 1
    title(
        page,
        "One head's output, patched at all tokens",
        ("So one sees which heads carry it. Below 0, blue: the head pulls the other way.",),
    )
    _map(page, f'GPT2_PATCH({arguments},"heads",model_used)', shape.n_head)
    page.sheet.print_area(0, 0, page.row, min(max(shape.tokens, shape.n_head), _PRINTED))
    page.sheet.freeze_panes(1, 1)


def _too_long(page: Page) -> str:
    return f"{MARK} this workbook has room for fewer tokens than clean has: {page.book.command('mri')} --tokens "


def _map(page: Page, formula: str, columns: int) -> None:
    size = (page.book.shape.n_layer, columns)
    heat_map(page, 0, formula, size, page.style.cell_restored, look.RESTORED_SCALE)
