"""The tab Start: what the workbook shows, what to try, where everything is, what the colours mean."""

from __future__ import annotations

from workbook_templates import start_tab
from workbook_templates import style as look
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

_A_ROW = 6


def write_start(page: Page, prompt: str, stream_edit: str, weight: tuple[str, str]) -> None:
    """Writes the tab; the cells are those to try: the prompt, the first for edits of Block 0, a weight and its tab."""
    page.furniture(
        "A whole language model in plain spreadsheet formulas",
        (
            "From a prompt to the next token with nothing but MMULT, EXP, SUM and their like: no Python, no add-in.",
            "Every weight of the model and every number on the way stands in a cell, and you may change each of them.",
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
            *weight,
            "10",
            "One weight of Block 0's MLP changes, and so does what the block says of every token.",
        ),
    )
    undo = "To undo: Ctrl+Z, or open the file anew."
    start_tab.things_to_try(page, "Three things to try", tries, undo)
    _map(page)
    start_tab.legend(page, {name: look.LEGEND[name] for name in look.LEGEND if name != "weight"} | _WEIGHT)
    start_tab.finish(page)


_WEIGHT = {"weight": ("0.123", "A weight: what the model learned in training. Type over it where it stands.")}


def _map(page: Page) -> None:
    page.section("The way of a prompt, tab by tab")
    n_layer = page.book.shape.n_layer
    start_tab.stop(page, "Prompt", "The text goes in; the answer comes out.")
    start_tab.stop(page, "Tokens", "The text is cut into tokens, pieces with numbers.")
    start_tab.stop(page, "Embeddings", "Each token becomes a row of numbers: the residual stream.")
    _links(page, "Block", n_layer, "Each block adds to the stream what its attention and its MLP find:")
    start_tab.stop(page, "Head", "The last row becomes a probability for every token; the most likely one is chosen.")
    page.row += 1
    page.section("What the model has learned")
    start_tab.stop(page, "Words", "The words that a prompt may consist of, and their tokens.")
    start_tab.stop(page, "Vocabulary", "A row of numbers for each token.")
    start_tab.stop(page, "Positions", "A row of numbers for each place in the prompt.")
    _links(page, "Weights", n_layer, "The tables of each block:")
    page.row += 1


def _links(page: Page, name: str, count: int, text: str) -> None:
    """Links to numbered tabs, several in a row."""
    page.text(page.row, start_tab.LINK, f"{name} 0 to {count - 1}", page.style.bold)
    page.text(page.row, start_tab.TEXT, text, page.style.text)
    page.row += 1
    for number in range(count):
        row, column = divmod(number, _A_ROW)
        page.link(page.row + row, start_tab.TEXT + column, f"{name} {number}", "A1", f"{name} {number}")
    page.row += -(-count // _A_ROW)
