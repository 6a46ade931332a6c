"""The tab Start: what the workbook shows, things to try, a map of the tabs, the colours."""

from __future__ import annotations

from workbook_templates import start_tab
from workbook_templates import style as look
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

_WEIGHT = {"weight": ("0.123", "A weight: a number learned in training. The model text can change it.")}


def write_start(page: Page, changed: str, layer: int, cells: tuple[str, str, str]) -> None:
    """Writes the tab.

    changed: a model text with one changed weight, to try
    cells: the prompt, the first edit cell on the tab Native, and the largest difference
    """
    prompt, edit, worst = cells
    page.furniture(
        "Are the functions right? One block, computed twice",
        (
            f"Block {layer} by the spreadsheet's own formulas, from weights in cells, and by the functions.",
            f"Cell {worst} of the tab Result has the largest difference. It should be about 0.",
        ),
    )
    start_tab.now(page)
    page.text(page.row - 1, start_tab.LINK, "Largest difference", page.style.bold)
    page.plain(page.row - 1, start_tab.TEXT, "largest_difference", page.style.check)
    page.mark_errors(page.row - 1, start_tab.TEXT)
    page.row += 1
    tries = (
        Try("Prompt", prompt, "If today is Tuesday, tomorrow is", "Both compute the new prompt, and still agree."),
        Try(
            "Native",
            edit,
            "50",
            "Only the native formulas see this: Result shows how the difference spreads from step to step.",
        ),
        Try(
            "Prompt",
            "B7",
            changed,
            "The model text changes a weight both in the functions and in the cells that GPT2_WEIGHT fills.",
        ),
    )
    start_tab.things_to_try(
        page, "Three things to try", tries, "To undo, clear the yellow cells, or reopen the file without saving."
    )
    page.section("The tabs")
    for tab, text in (
        ("Prompt", "Type the text and choose the model."),
        ("Tokens", "The pieces of the text, and the most likely next tokens."),
        ("Result", "How far each native step differs from the function's."),
        ("Functions", "The block, step by step, computed by the functions."),
        ("Native", "The same steps in native formulas."),
        ("Weights", "All weights of the block."),
    ):
        start_tab.stop(page, tab, text)
    page.row += 1
    start_tab.legend(page, look.LEGEND | _WEIGHT)
    start_tab.finish(page)
