"""Input cells with a label on the left and a note on the right, for tabs of bands."""

from __future__ import annotations

from collections.abc import Sequence

from workbook_templates.bands import FIRST
from workbook_templates.grids import number_between
from workbook_templates.sheet import Page

MOST = 100_000  # the largest coefficient; demo's features need about 200

_WIDE = 6  # extra columns for a text
_DEMO = 'LEFT(model&" ",5)="demo "'


def by_model(demo: str, other: str) -> str:
    """A formula for the default of an input: one value for the model demo, another for all others."""
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
    """Writes the next row and returns the address of the cell to type into.

    default: whether the value is a formula, which the reader may type over
    wide: whether the cell is wide enough for a sentence
    choices: the values that the cell accepts
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
    """Like `write_input`, for a number; `default` is a formula."""
    cell = write_input(page, "coefficient", default, note, default=True)
    number_between(page, cell, -MOST, MOST)
    return cell


def write_derived(page: Page, label: str, formula: str, note: str) -> str:
    """Writes the next row, a value computed from the inputs, and returns its address."""
    page.text(page.row, 0, label, page.style.bold)
    page.sheet.merge_range(page.row, FIRST, page.row, FIRST + _WIDE, "", page.style.value)
    page.plain(page.row, FIRST, formula, page.style.value)
    page.text(page.row, FIRST + _WIDE + 1, note, page.style.aside)
    page.row += 1
    return page.at(page.row - 1, FIRST, absolute=True)
