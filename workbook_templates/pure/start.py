"""The tab Start: what the workbook shows, what to try, where everything is, what the colours mean."""

from __future__ import annotations

from workbook_templates import start_tab, way
from workbook_templates import style as look
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

_WEIGHT = {"weight": ("0.123", "A weight: what the model learned in training. Type over it where it stands.")}


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
        *way.tries(prompt, stream_edit),
        Try(
            *weight,
            "10",
            "One weight of Block 0's MLP changes, and so does what the block says of every token.",
        ),
    )
    undo = "To undo: Ctrl+Z, or open the file anew."
    start_tab.things_to_try(page, "Three things to try", tries, undo)
    way.write_map(page)
    page.row += 1
    page.section("What the model has learned")
    start_tab.stop(page, "Words", "The words that a prompt may consist of, and their tokens.")
    start_tab.stop(page, "Vocabulary", "A row of numbers for each token.")
    start_tab.stop(page, "Positions", "A row of numbers for each place in the prompt.")
    way.write_links(page, "Weights", "The tables of each block:")
    page.row += 1
    start_tab.legend(page, look.LEGEND | _WEIGHT)
    start_tab.finish(page)
