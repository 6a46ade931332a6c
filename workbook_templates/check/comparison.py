"""The tab Result: how far each step in native formulas differs from the function's result."""

from __future__ import annotations

from workbook_templates.places import MARK, READY
from workbook_templates.pure.block import Block
from workbook_templates.pure.page import Range
from workbook_templates.sheet import Page


def write_comparison(page: Page, block: Block, functions: dict[str, Range], width: int) -> str:
    """Fills the tab, names its two result cells and returns the cell of the largest difference."""
    page.furniture(
        "Result",
        (
            "The same block twice: by the spreadsheet's own formulas (tab Native), by the functions (tab Functions).",
            "If both are right, they agree to the 7 digits of float32; with ; float64 after the model's name, to 14.",
        ),
    )
    dialect = page.book.dialect
    facts = dialect.found('"width (n_embd)"', "Prompt!$A$1:$B$60" if dialect.is_fixed else "Prompt!$A:$B", 2)
    needed = f"{MARK} this workbook is for a model {width} wide, this one is "
    other = f'"{needed}"&{facts}&": {page.book.command("check")} --model NAME"'
    page.text(page.row, 0, "Problem", page.style.bold)
    page.plain(page.row, 1, f'IF(status<>"{READY}",status,IF({facts}<>{width},{other},""))', page.style.value)
    page.mark_errors(page.row, 1)
    page.book.name("unfit", page.place(page.row, 1))
    page.row += 1
    total = page.row
    page.text(total, 0, "Largest difference", page.style.bold)
    page.book.name("largest_difference", page.place(total, 1))
    page.row += 2
    for column, title in enumerate(("step", "largest difference", "largest value")):
        page.text(page.row, column, title, page.style.header_right if column == 2 else page.style.header)
    page.row += 1
    first = page.row
    page.sheet.freeze_panes(first, 0)
    for name, native in block.steps.items():
        theirs = functions[name]
        page.text(page.row, 0, name)
        for column, formula in (
            (1, dialect.largest_difference(native.there, theirs.there)),
            (2, f"MAX(ABS({native.there}))"),
        ):
            shown = page.style.check if column == 1 else page.style.logit
            page.sheet.write_array_formula(
                page.row, column, page.row, column, f'{{=IF(unfit="",{formula},"")}}', shown, ""
            )
        page.row += 1
    differences = f"{page.at(first, 1)}:{page.at(page.row - 1, 1)}"
    page.plain(total, 1, f'IF(unfit="",MAX({differences}),unfit)', page.style.check)
    page.mark_errors(total, 1)
    page.sheet.print_area(0, 0, page.row, 3)
    return page.at(total, 1)
