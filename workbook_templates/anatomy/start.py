"""The tab Start: what the workbook shows, things to try, a map of the tabs, the colours."""

from __future__ import annotations

from workbook_templates import start_tab, way
from workbook_templates import style as look
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try


def write_start(page: Page, prompt: str, stream_edit: str, weight_edit: str) -> None:
    """Writes the tab. The cells to try are the prompt and the first edit cells of Block 0 and Weights."""
    page.furniture(
        "GPT-2, opened up: from a prompt to the next token",
        (
            "A language model reads a text and predicts which token will come next. Here you can watch one do it:",
            "every number along the way is in a cell, and you can change any of them.",
        ),
    )
    start_tab.now(page)
    tries = (
        *way.tries(prompt, stream_edit),
        Try(
            "Weights",
            weight_edit,
            "scale  in the column what,  h.0.mlp  in the column where,  0  in the column amount",
            "Block 0's MLP is switched off: step 11 of the block is all zeros. The tab Head shows the new answer.",
        ),
    )
    undo = "To undo, clear the yellow cells, or reopen the file without saving."
    start_tab.things_to_try(page, "Three things to try", tries, undo)
    way.write_map(page)
    start_tab.stop(page, "Weights", "What the model has learned, and where you can change it.")
    page.row += 1
    start_tab.legend(page, look.LEGEND)
    start_tab.finish(page)
