"""The tab Start: what the workbook shows, what to try, where everything is, what the colours mean."""

from __future__ import annotations

from workbook_templates import start_tab
from workbook_templates import style as look
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

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
    start_tab.now(page)
    tries = (
        Try(
            "Prompt",
            prompt,
            "If today is Tuesday, tomorrow is",
            "The answer becomes Wednesday, and the numbers on every tab change with it.",
        ),
        Try(
            "Block 0",
            stream_edit,
            "50",
            "One number of the stream changes. Everything after it does too, down to the probabilities on Head.",
        ),
        Try(
            "Weights",
            weight_edit,
            "scale  in the column what,  h.0.mlp  in where,  0  in amount",
            "Block 0's MLP falls silent: its step 11 is all zeros. See on Head what that does to the answer.",
        ),
    )
    undo = "To undo, empty the yellow cells again, or open the file anew."
    start_tab.things_to_try(page, "Three things to try", tries, undo)
    _map(page)
    start_tab.legend(page, look.LEGEND)
    start_tab.finish(page)


def _map(page: Page) -> None:
    page.section("The way of a prompt, tab by tab")
    n_layer = page.book.shape.n_layer
    for sheet, text in (
        ("Prompt", "The text goes in; the answer comes out."),
        ("Tokens", "The text is cut into tokens, pieces with numbers."),
        ("Embeddings", "Each token becomes a row of numbers: the residual stream."),
    ):
        start_tab.stop(page, sheet, text)
    page.text(page.row, start_tab.LINK, f"Block 0 to {n_layer - 1}", page.style.bold)
    adds = "Each block adds to the stream what its attention and its MLP find:"
    page.text(page.row, start_tab.TEXT, adds, page.style.text)
    page.row += 1
    for layer in range(n_layer):
        row, column = divmod(layer, _BLOCKS_A_ROW)
        page.link(page.row + row, start_tab.TEXT + column, f"Block {layer}", "A1", f"Block {layer}")
    page.row += -(-n_layer // _BLOCKS_A_ROW)
    start_tab.stop(page, "Head", "The last row becomes a probability for every token; the most likely one is chosen.")
    start_tab.stop(page, "Weights", "What the model has learned, and where to change it.")
    page.row += 1
