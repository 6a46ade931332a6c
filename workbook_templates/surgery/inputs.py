"""Input cells with a label at their left and a note at their right, on tabs of bands."""

from __future__ import annotations

from collections.abc import Sequence

from workbook_templates.bands import FIRST
from workbook_templates.grids import number_between
from workbook_templates.sheet import Page

MOST = 100_000  # the largest coefficient, that of demo's features being 200

_WIDE = 6  # columns more for a text
_DEMO = 'LEFT(model&" ",5)="demo "'


def by_model(demo: str, other: str) -> str:
    """A formula for the default of an input: one value where the model is demo, another elsewhere."""
    return f"IF({_DEMO},{demo},{other})"


def write_input(
    page: Page,
    label: str,
    value: str | float,
    note: str,
    *,
    default: bool = False,
    wide: bool = False,
    choices: Sequence[str] = (),
) -> str:
    """The next row; gives the address of the cell to type into.

    default: the value is a formula, which the reader types over
    wide: the cell is broad enough for a sentence
    choices: what may be picked; other texts are refused
    """
    row, last = page.row, FIRST + (_WIDE if wide else 0)
    page.text(row, 0, label, page.style.bold)
    if wide:
        page.sheet.merge_range(row, FIRST, row, last, "", page.style.input)
    if default:
        page.plain(row, FIRST, str(value), page.style.input)
    else:
        page.input(row, FIRST, value)
    if choices:
        page.sheet.data_validation(row, FIRST, row, FIRST, {"validate": "list", "source": list(choices)})
    page.text(row, last + 1, note, page.style.aside)
    page.row += 1
    return page.at(row, FIRST, absolute=True)


def write_coefficient(page: Page, default: str, note: str) -> str:
    """As `write_input`, for a number; `default` is a formula."""
    cell = write_input(page, "coefficient", default, note, default=True)
    number_between(page, cell, -MOST, MOST)
    return cell


def write_derived(page: Page, label: str, formula: str, note: str) -> str:
    """The next row: a value that follows from the inputs; gives its address."""
    page.text(page.row, 0, label, page.style.bold)
    page.sheet.merge_range(page.row, FIRST, page.row, FIRST + _WIDE, "", page.style.value)
    page.plain(page.row, FIRST, formula, page.style.value)
    page.text(page.row, FIRST + _WIDE + 1, note, page.style.aside)
    page.row += 1
    return page.at(page.row - 1, FIRST, absolute=True)
