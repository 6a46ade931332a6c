"""The tab Logit lens: what the model would predict after each layer, at each position."""

from __future__ import annotations

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import (
    heat_map,
    labelled_input,
    labelled_value,
    table,
    title,
    unless_message,
    whole_number,
)
from workbook_templates.places import MARK
from workbook_templates.sheet import Page

TAB = "Logit lens"

_STEPS = (0.9, 0.7, 0.5, 0.3, 0.1)  # the probabilities at which a token gets a darker green
_CANDIDATES = 5
_WIDTH = 12.5


def write_lens(book: Book) -> None:
    """Writes the tab: a check, tokens coloured by probability, the probabilities, the candidates at one position."""
    n_layer, tokens = book.shape.n_layer, book.shape.tokens
    page = Page(book, TAB, (13, *[_WIDTH] * max(tokens, 2 * _CANDIDATES)))
    page.furniture(
        TAB,
        (
            "Stop the model after each layer and ask: what comes next? This shows how the answer forms.",
            f"Row 0 is before block 0. Row {n_layer} is after the last block: it is the model's real prediction.",
            "Read each column downwards: its header is the token just read, its cells guess the token after that.",
        ),
    )
    check_row = page.row
    page.row += 4
    size = (n_layer + 1, tokens)
    title(page, "The most likely next token after each layer: the greener, the more likely")
    _key(page)
    first = page.row + 1
    guesses = heat_map(page, 0, 'GPT2_LOGITLENS(prompt_used,1,"all","tokens",model_used)', size, page.style.cell, None)
    page.row += 1
    title(page, "The probability of that token")
    shares = heat_map(
        page,
        0,
        'GPT2_LOGITLENS(prompt_used,1,"all","probabilities",model_used)',
        size,
        page.style.cell_percent,
        look.SHARE_SCALE,
    )
    _colour_by(page, first, size, page.row - size[0])
    page.row += 1
    _candidates(page)
    page.sheet.print_area(0, 0, page.row, min(tokens, 16))
    page.sheet.freeze_panes(1, 1)
    page.row = check_row
    _check(page, guesses, shares)


def _check(page: Page, guesses: str, shares: str) -> None:
    corner = page.book.shape.n_layer + 2
    said, surely = (f"INDEX({cell}#,{corner},{page.book.dialect.columns(f'{cell}#')})" for cell in (guesses, shares))
    title(page, "Check")
    labelled_value(
        page,
        "lens",
        unless_message(guesses, said, guesses),
        "The last row at the last token: the model's answer.",
        page.style.result,
    )
    is_same = page.book.dialect.are_equal(said, "next_token")
    difference = f'IF({is_same},ABS({surely}-INDEX(next_tokens,2,5)),"{MARK} differs from the model")'
    labelled_value(
        page,
        "difference",
        unless_message(guesses, difference, guesses),
        "Its probability minus the one on the tab Tokens. It should be about 0.",
        page.style.check,
    )


def _key(page: Page) -> None:
    """The key to the shades of green."""
    page.text(page.row, 0, "probability", page.style.label)
    for column, step in enumerate(reversed(_STEPS), start=1):
        page.text(page.row, column, f"from {step:.0%}", _green(page, step))
    page.row += 1


def _green(page: Page, share: float) -> Format:
    return page.book.workbook.add_format({"bg_color": look.between(look.ZERO, look.ATTENTION, share)})


def _colour_by(page: Page, first: int, size: tuple[int, int], shares: int) -> None:
    """Colours the tokens, which begin in row `first`, by the probabilities in the same columns."""
    cell = f"B{shares + 1}"
    for step in _STEPS:
        rule = {
            "type": "formula",
            "criteria": f"=AND(ISNUMBER({cell}),{cell}>={step})",
            "format": _green(page, step),
            "stop_if_true": True,
        }
        page.sheet.conditional_format(first, 1, first + size[0] - 1, size[1], rule)


def _candidates(page: Page) -> None:
    n_layer = page.book.shape.n_layer
    title(page, f"The {_CANDIDATES} most likely tokens after each layer, at one position")
    position = labelled_input(
        page, "position", -1, "Which token, counted from 0. -1 is the last, -2 the one before it."
    )
    whole_number(page, position, -page.book.shape.tokens, page.book.shape.tokens - 1)
    style = page.style
    formats = (style.position, *(style.cell, style.cell_percent) * _CANDIDATES)
    first = page.row + 1
    table(page, 0, f'GPT2_LOGITLENS(prompt_used,{_CANDIDATES},{position},"both",model_used)', formats, n_layer + 1)
    for column in range(2, 2 * _CANDIDATES + 1, 2):
        area = f"{xl_col_to_name(column)}{first + 1}:{xl_col_to_name(column)}{first + n_layer + 1}"
        page.sheet.conditional_format(area, look.PROBABILITY_BARS)
