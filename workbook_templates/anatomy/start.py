"""The tab Start: what the workbook shows, what to try, where everything is, what the colours mean."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.sheet import Page

_LINK, _TEXT = 1, 2
_BLOCKS_A_ROW = 6


def write_start(page: Page, prompt: str, stream_edit: str, weight_edit: str) -> None:
    """Writes the tab; the cells are those to try: the prompt, the first for edits of Block 0 and of the weights."""
    page.furniture(
        "GPT-2, opened up: from a prompt to the next token",
        (
            "A language model reads a text and says which token is likely to come next. Here you can watch one do it:",
            "every number on the way stands in a cell, and you may change each of them.",
        ),
    )
    _now(page)
    _try(page, prompt, stream_edit, weight_edit)
    _map(page)
    _legend(page)
    page.sheet.print_area(0, 0, page.row, 13)
    page.sheet.activate()


def _now(page: Page) -> None:
    page.section("Right now")
    for label, formula, cell_format in (
        ("Prompt", 'prompt&""', page.style.value),
        ("Next token", "next_token", page.style.result),
        ("Model", "model", page.style.value),
    ):
        if label == "Prompt":
            page.sheet.set_row(page.row, look.TEXT_HEIGHT)
        page.text(page.row, _LINK, label, page.style.bold)
        page.sheet.merge_range(page.row, _TEXT, page.row, _TEXT + 5, "", cell_format)
        page.plain(page.row, _TEXT, formula, cell_format)
        page.mark_errors(page.row, _TEXT)
        page.row += 1
    page.plain(
        page.row,
        _TEXT,
        'IF(LEFT(model&" ",5)="demo ","demo is a small teaching model with GPT-2\'s architecture. It is not GPT-2: '
        'it knows little, but every step is the same.","")',
        page.style.note,
    )
    page.row += 2


def _try(page: Page, prompt: str, stream_edit: str, weight_edit: str) -> None:
    page.section("Three things to try")
    for number, (sheet, cell, typed, effect) in enumerate(
        (
            (
                "Prompt",
                prompt,
                "If today is Tuesday, tomorrow is",
                "The answer becomes Wednesday, and the numbers on every tab change with it.",
            ),
            (
                "Block 0",
                stream_edit,
                "50",
                "One number of the stream changes. Everything after it does too, down to the probabilities on Head.",
            ),
            (
                "Weights",
                weight_edit,
                "scale  in the column what,  h.0.mlp  in where,  0  in amount",
                "Block 0's MLP falls silent: its step 11 is all zeros. See on Head what that does to the answer.",
            ),
        ),
        start=1,
    ):
        page.text(page.row, 0, f"{number}", page.style.bold)
        page.link(page.row, _LINK, sheet, cell, f"{sheet}, cell {cell}")
        page.text(page.row, _TEXT, f"Type:  {typed}", page.style.bold)
        page.text(page.row + 1, _TEXT, effect, page.style.note)
        page.row += 2
    page.text(page.row, _TEXT, "To undo, empty the yellow cells again, or open the file anew.", page.style.note)
    page.row += 2


def _map(page: Page) -> None:
    page.section("The way of a prompt, tab by tab")
    n_layer = page.book.shape.n_layer
    for sheet, text in (
        ("Prompt", "The text goes in; the answer comes out."),
        ("Tokens", "The text is cut into tokens, pieces with numbers."),
        ("Embeddings", "Each token becomes a row of numbers: the residual stream."),
    ):
        _stop(page, sheet, text)
    page.text(page.row, _LINK, f"Block 0 to {n_layer - 1}", page.style.bold)
    page.text(page.row, _TEXT, "Each block adds to the stream what its attention and its MLP find:", page.style.text)
    page.row += 1
    for layer in range(n_layer):
        row, column = divmod(layer, _BLOCKS_A_ROW)
        page.link(page.row + row, _TEXT + column, f"Block {layer}", "A1", f"Block {layer}")
    page.row += -(-n_layer // _BLOCKS_A_ROW)
    _stop(page, "Head", "The last row becomes a probability for every token; the most likely one is chosen.")
    _stop(page, "Weights", "What the model has learned, and where to change it.")
    page.row += 1


def _stop(page: Page, sheet: str, text: str) -> None:
    page.link(page.row, _LINK, sheet, "A1", sheet)
    page.text(page.row, _TEXT, text)
    page.row += 1


def _legend(page: Page) -> None:
    page.section("Colours")
    for name, sample, meaning in look.LEGEND:
        page.text(page.row, _LINK, sample, getattr(page.style, name))
        page.text(page.row, _TEXT, meaning, page.style.aside)
        page.row += 1
