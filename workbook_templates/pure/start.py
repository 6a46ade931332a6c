"""The tab Start: what the workbook shows, things to try, a map of the tabs, the colours."""

from __future__ import annotations

from workbook_templates import start_tab, way
from workbook_templates import style as look
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

_WEIGHT = {"weight": ("0.123", "A weight: a number learned in training. You can type over it.")}


def write_start(page: Page, prompt: str, stream_edit: str, weight: tuple[str, str]) -> None:
    """Writes the tab. The cells to try are the prompt, the first edit cell of Block 0, and a weight with its tab."""
    page.furniture(
        "A whole language model in plain spreadsheet formulas",
        (
            "From a prompt to the next token with MMULT, EXP, SUM and other built-in functions: no Python, no add-in.",
            "Every weight of the model and every number along the way is in a cell, and you can change any of them.",
        ),
    )
    start_tab.now(page)
    tries = (
        *way.tries(prompt, stream_edit),
        Try(
            *weight,
            "10",
            "One weight of Block 0's MLP changes, and so does the block's output for every token.",
        ),
    )
    undo = "To undo, press Ctrl+Z, or reopen the file without saving."
    start_tab.things_to_try(page, "Three things to try", tries, undo)
    way.write_map(page)
    page.row += 1
    page.section("What the model has learned")
    start_tab.stop(page, "Words", "The words that a prompt may use, and their tokens.")
    start_tab.stop(page, "Vocabulary", "A row of numbers for each token.")
    start_tab.stop(page, "Positions", "A row of numbers for each position in the prompt.")
    way.write_links(page, "Weights", "The weights of each block, as tables:")
    page.row += 1
    start_tab.legend(page, look.LEGEND | _WEIGHT)
    start_tab.finish(page)
