"""The tab Start: what the workbook shows, what to try, where everything is, what the colours mean."""

from __future__ import annotations

from workbook_templates import start_tab
from workbook_templates import style as look
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

_WEIGHT = {"weight": ("0.123", "A weight: what the model learned in training. The model text can change it.")}


def write_start(page: Page, changed: str, layer: int, cells: tuple[str, str, str]) -> None:
    """Writes the tab.

    changed: a text of the model with a changed weight, to try
    cells: the prompt, the first for edits on the tab Native, and the largest difference
    """
    prompt, edit, worst = cells
    page.furniture(
        "Are the functions right? One block, computed twice",
        (
            f"Block {layer} in the spreadsheet's own formulas, from weights in cells, beside what the functions give.",
            f"The tab Result has the largest difference, in {worst}: it should be about 0.",
        ),
    )
    start_tab.now(page)
    page.text(page.row - 1, start_tab.LINK, "Largest difference", page.style.bold)
    page.plain(page.row - 1, start_tab.TEXT, "largest_difference", page.style.check)
    page.mark_errors(page.row - 1, start_tab.TEXT)
    page.row += 1
    tries = (
        Try("Prompt", prompt, "If today is Tuesday, tomorrow is", "Both ways compute it anew, and still agree."),
        Try("Native", edit, "50", "Only the native formulas see it: Result shows how it spreads from step to step."),
        Try(
            "Prompt",
            "B7",
            changed,
            "The model text changes a weight: in the functions, and in the cells that GPT2_WEIGHT spills.",
        ),
    )
    start_tab.things_to_try(
        page, "Three things to try", tries, "To undo, empty the yellow cells, or open the file anew."
    )
    page.section("The tabs")
    for tab, text in (
        ("Prompt", "The text goes in; the model is chosen."),
        ("Tokens", "The pieces of the text, and the most likely next tokens."),
        ("Result", "How far each step is from the function's."),
        ("Functions", "The block, step by step, by the functions."),
        ("Native", "The same in native formulas."),
        ("Weights", "All weights of the block."),
    ):
        start_tab.stop(page, tab, text)
    page.row += 1
    start_tab.legend(page, look.LEGEND | _WEIGHT)
    start_tab.finish(page)
