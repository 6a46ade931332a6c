"""The prompts that demo continues well: a list on the tab Prompt, and a drop-down beside the prompt cell."""

from __future__ import annotations

from udfs.models.demo.prompts import WORKING
from workbook_templates.grids import area
from workbook_templates.sheet import Page

_GROUP, _PROMPT, _NOTICE = 0, 1, 2


def write_prompt_list(page: Page, prompt: str) -> None:
    """Writes the list from the page's row on, and lets a reader choose from it in the cell `prompt`.

    The cell still takes every other text.
    """
    page.section("Prompts that work with demo: choose one from the list of the prompt cell, or type your own")
    first = page.row
    for group in WORKING:
        page.text(page.row, _GROUP, group.title, page.style.bold)
        page.text(page.row, _NOTICE, group.notice, page.style.aside)
        for text in group.prompts:
            page.text(page.row, _PROMPT, text, page.style.cell)
            page.row += 1
    cells = area(page, first, _PROMPT, page.row - 1, _PROMPT)
    page.sheet.data_validation(prompt, {"validate": "list", "source": f"={cells}", "show_error": False})
