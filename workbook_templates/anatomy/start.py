"""The tab Start: what the workbook shows, what to try, where everything is, what the colours mean."""

from __future__ import annotations

from workbook_templates import start_tab, way
from workbook_templates import style as look
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try


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
        *way.tries(prompt, stream_edit),
        Try(
            "Weights",
            weight_edit,
            "scale  in the column what,  h.0.mlp  in where,  0  in amount",
            "Block 0's MLP falls silent: its step 11 is all zeros. See on Head what that does to the answer.",
        ),
    )
    undo = "To undo, empty the yellow cells again, or open the file anew."
    start_tab.things_to_try(page, "Three things to try", tries, undo)
    way.write_map(page)
    start_tab.stop(page, "Weights", "What the model has learned, and where to change it.")
    page.row += 1
    start_tab.legend(page, look.LEGEND)
    start_tab.finish(page)
