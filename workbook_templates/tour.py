"""The tab Tour: stops with a link, a sentence, a guess to make, and what to notice, which appears after the guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbook_templates.book import Book
from workbook_templates.sheet import Page
from workbook_templates.stops import TOUR

_NUMBER, _LINK, _SENTENCE, _QUESTION, _GUESS, _NOTICE = range(6)
_WIDTHS = (9, 34, 42, 40, 16, 62)
_LINK_LENGTH = 38  # characters
_TITLES = ("stop", "go to", "what it is", "guess first", "your guess", "what to notice")
_A_LINE, _LINE_HEIGHT = 42, 16  # characters in a line of the narrowest text; points
_HIDDEN = "Type a guess first."


@dataclass(frozen=True)
class TourStop:
    """A stop of the tour.

    tab: the tab that its link leads to
    sentence: what the reader sees there
    guess: a question to answer first
    notice: what to notice
    at: a text on that tab, to whose cell the link leads; empty for the top
    """

    tab: str
    sentence: str
    guess: str
    notice: str
    at: str = ""


def tour_page(book: Book) -> None:
    """The empty tab, which comes right after Start."""
    Page(book, TOUR, _WIDTHS)


def write_tour(book: Book, stops: Sequence[TourStop]) -> None:
    """Fills the tab, when the cells that it leads to are known."""
    page = book.page(TOUR)
    page.furniture(
        TOUR,
        ("Follow the links from top to bottom. At each stop, type a guess; then read what to notice.",),
    )
    page.text(page.row, _LINK, "Show everything", page.style.bold)
    show = page.at(page.row, _SENTENCE, absolute=True)
    page.input(page.row, _SENTENCE, "no")
    choices = {"validate": "list", "source": ["no", "yes"], "error_message": "no or yes."}
    page.sheet.data_validation(page.row, _SENTENCE, page.row, _SENTENCE, choices)
    page.row += 2
    for column, title in enumerate(_TITLES):
        page.text(page.row, column, title, page.style.header)
    page.row += 1
    page.sheet.freeze_panes(page.row, 0)
    for number, stop in enumerate(stops, start=1):
        _write_stop(page, number, stop, show)
    page.sheet.print_area(0, 0, page.row - 1, len(_WIDTHS) - 1)
    page.sheet.fit_to_pages(1, 1)


def _write_stop(page: Page, number: int, stop: TourStop, show: str) -> None:
    style = page.style
    page.sheet.write_number(page.row, _NUMBER, number, style.position)
    detailed = f"{stop.tab}: {stop.at}"
    text = stop.tab if stop.at in ("", stop.tab) or len(detailed) > _LINK_LENGTH else detailed
    page.link(page.row, _LINK, stop.tab, _cell(page.book, stop), text)
    page.text(page.row, _SENTENCE, stop.sentence, style.wrapped)
    page.text(page.row, _QUESTION, stop.guess, style.wrapped)
    page.input(page.row, _GUESS, None)
    guess = page.at(page.row, _GUESS)
    notice = stop.notice.replace('"', '""')
    page.plain(page.row, _NOTICE, f'IF(OR({guess}<>"",{show}="yes"),"{notice}","{_HIDDEN}")', style.wrapped)
    lines = max(2, *(-(-len(text) // _A_LINE) for text in (stop.sentence, stop.guess)), -(-len(stop.notice) // 60))
    page.sheet.set_row(page.row, _LINE_HEIGHT * lines)
    page.row += 1


def _cell(book: Book, stop: TourStop) -> str:
    """The cell that the link leads to."""
    page = book.page(stop.tab)
    return page.at(*page.cell_of(stop.at)) if stop.at else "A1"
