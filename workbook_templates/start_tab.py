"""The parts of every Start tab: the current answer, things to try, links to the tabs, the colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from udfs.version import VERSION
from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.prompt_tab import CAVEAT, IS_DEMO
from workbook_templates.sheet import Page
from workbook_templates.stops import COMMON, START, TOUR, family
from workbook_templates.tour import tour_page

LINK, TEXT = 1, 2  # columns
UNDO = "To undo, press Ctrl+Z, or close the file without saving and open it again."
_BESIDE = 9  # the column of live values beside the list of tabs
_A_ROW = 12  # links side by side
START_NOTE = "start_note"  # the name of the cell with a line about what this file lacks
VALUES_ONLY = "This file holds values and no formulas, so nothing changes when you type. {} makes one that calculates."
NO_FUNCTIONS = (
    "The functions of this workbook are not installed in this program: see the project's README. "
    "A file made with gpt2-excel run --values shows its values everywhere."
)
_WIDTHS = (3, 24, *[11.5] * 12)


class Change(Enum):
    """How an outcome differs from the one before."""

    OTHER = "another value"
    LESS = "a smaller number"
    MORE = "a larger number"


class Like(NamedTuple):
    """An outcome that equals another cell's value."""

    cell: str


@dataclass(frozen=True)
class Try:
    """A promise: what to type, where, and what will happen. The tests keep it, with the demo model.

    typed: the text to type; empty to clear the cell
    effect: what the reader will see
    shows: the name or address of the cells with the outcome
    becomes: the outcome: a part of its text, its number, how it changes, or the cell that it equals
    also: further cells to type into, on this tab or, with the tab's name, on another; and their texts
    """

    sheet: str
    cell: str
    typed: str
    effect: str
    shows: str
    becomes: str | float | Change | Like
    also: tuple[tuple[str, str], ...] = ()


def start_page(book: Book) -> Page:
    """The empty tab, and after it the tab Tour. They are filled last, when the cells that they lead to are known."""
    page = Page(book, START, _WIDTHS)
    if book.has_tour:
        tour_page(book)
    return page


def finish(page: Page) -> None:
    """Names the version, sets the print area, and makes Start the tab that opens."""
    page.text(page.row, LINK, f"Made by gpt2-excel {VERSION}", page.style.aside)
    page.sheet.print_area(0, 0, page.row, len(_WIDTHS) - 1)
    page.sheet.fit_to_pages(1, 1)
    page.sheet.activate()


def now(page: Page) -> None:
    """The prompt, its next token and the model."""
    page.section("Right now")
    for label, formula, cell_format in (
        ("Prompt", 'prompt&""', page.style.value),
        ("Next token", "next_token", page.style.result),
        ("Model", "model", page.style.value),
    ):
        if label == "Prompt":
            page.sheet.set_row(page.row, look.TEXT_HEIGHT)
        page.text(page.row, LINK, label, page.style.bold)
        page.sheet.merge_range(page.row, TEXT, page.row, TEXT + 5, "", cell_format)
        page.plain(page.row, TEXT, formula, cell_format)
        page.mark_errors(page.row, TEXT)
        page.row += 1
    page.plain(
        page.row,
        TEXT,
        f"IF({IS_DEMO},\"demo is a small teaching model with GPT-2's architecture. It is not GPT-2: "
        'it knows little, but every step is the same.","")',
        page.style.note,
    )
    if page.book.has_name(CAVEAT):
        page.row += 1
        # A formula that may spill: LibreOffice evaluates it when it opens a file, but keeps a plain one's stored value.
        page.formula(page.row, TEXT, f'IF(ISERROR(model),"{NO_FUNCTIONS}",{CAVEAT}&"")', page.style.bold)
        page.book.name(START_NOTE, page.place(page.row, TEXT))
        page.row += 1
        # It depends on the answer, so that a file of another version says so when it is first computed.
        of_other = f'IFERROR(IF(next_token&""="","",GPT2_VERSION("{VERSION}")),"")'
        page.formula(page.row, TEXT, of_other, page.style.bold)
    page.row += 2


def things_to_try(page: Page, tries: Sequence[Try], undo: str = UNDO) -> None:
    """A numbered list of things to type, and how to undo them."""
    page.section("Things to try")
    for number, item in enumerate(tries, start=1):
        page.text(page.row, 0, f"{number}", page.style.bold)
        page.link(page.row, LINK, item.sheet, item.cell, f"{item.sheet}, cell {item.cell}")
        page.text(page.row, TEXT, _to_type(item), page.style.bold)
        tab, cell = page.book.first_cell(item.shows)
        page.link(page.row + 1, LINK, tab, cell, f"see {tab}!{cell}")
        page.text(page.row + 1, TEXT, item.effect, page.style.note)
        page.row += 2
    page.text(page.row, TEXT, undo, page.style.note)
    page.row += 2


def _to_type(item: Try) -> str:
    """The instruction. Spaces at the ends of what is typed are easily missed, so they are named."""
    if not item.typed:
        return "Clear this cell."
    space = "   with a space before it" if item.typed.startswith(" ") else ""
    return "Type:  " + ",   ".join((item.typed + space, *(f"{text}  in {cell}" for cell, text in item.also)))


def tabs(page: Page, beside: Mapping[str, str] | None = None) -> None:
    """The list of tabs, each with a link and what it shows.

    beside: by tab, the formula of a live value to the right
    """
    page.section("The tabs")
    has = {family(other.name) for other in page.book.pages}
    tour, glossary = COMMON
    for stop in (*([tour] if TOUR in has else []), *page.book.stops, glossary):
        numbered = [
            other.name for other in page.book.pages if other.name != stop.tab and family(other.name) == stop.tab
        ]
        if beside and stop.tab in beside:
            page.formula(page.row, _BESIDE, beside[stop.tab], page.style.token)
            page.mark_errors(page.row, _BESIDE)
        page.text(page.row, TEXT, stop.about)
        if not numbered:
            page.link(page.row, LINK, stop.tab, "A1", stop.tab)
            page.row += 1
            continue
        page.text(page.row, LINK, f"{stop.tab} 0 to {len(numbered) - 1}", page.style.bold)
        page.row += 1
        for number, tab in enumerate(numbered):
            row, column = divmod(number, _A_ROW)
            page.link(page.row + row, TEXT + column, tab, "A1", tab)
        page.row += -(-len(numbered) // _A_ROW)
    page.row += 1


def legend(page: Page, meanings: Mapping[str, tuple[str, str]]) -> None:
    """The colours: a sample of each format of `Style`, and its meaning."""
    page.section("Colours")
    for name, (sample, meaning) in meanings.items():
        page.text(page.row, LINK, sample, getattr(page.style, name))
        page.text(page.row, TEXT, meaning, page.style.aside)
        page.row += 1
