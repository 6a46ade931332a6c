"""The tabs Logit lens and Track a token: how the answer forms from layer to layer."""

from __future__ import annotations

from xlsxwriter.format import Format

from workbook_templates import style as look
from workbook_templates.book import MARK, Book
from workbook_templates.grids import (
    heat_map,
    labelled_input,
    labelled_value,
    table,
    title,
    unless_message,
    whole_number,
)
from workbook_templates.range import Range
from workbook_templates.sheet import Page

LENS = "Logit lens"

_STEPS = (0.9, 0.7, 0.5, 0.3, 0.1)  # the probabilities at which a token gets a darker green
_CANDIDATES = 5
_LENSES = ("plain", "tuned")
_WIDTH = 12.5

TRACK = "Track a token"

_RIVAL = 6  # the first column of the second token's table
_PROBABILITY, _RANK = 2, 3  # columns within a table
_CHART_WIDTH = 520


def write_lens(book: Book) -> tuple[str, str]:
    """Writes the tab: a check, tokens coloured by probability, the probabilities, the candidates at one position.

    Returns the cell of the lens, and the address of the first layer's guess after the first token.
    """
    n_layer, tokens = book.shape.n_layer, book.shape.tokens
    page = Page(book, LENS, (13, *[_WIDTH] * max(tokens, 2 * _CANDIDATES)))
    page.furniture(
        LENS,
        (
            f"Stop the model after each layer and ask: what comes next? Row 0 is before block 0. Row {n_layer} is "
            "after the last block: it is the model's real prediction.",
            "Each column belongs to one token of the prompt, its header. The cells below guess the token after it.",
        ),
    )
    check_row = page.row
    page.row += 4
    title(page, "You choose")
    lens = labelled_input(
        page, "lens", _LENSES[0], "plain: the stream as it is. tuned: first through a map, trained for each block."
    )
    rule = {"validate": "list", "source": list(_LENSES), "error_message": "plain or tuned."}
    page.sheet.data_validation(lens.replace("$", ""), rule)
    shown = f'IF({lens}="{_LENSES[1]}",", {_LENSES[1]}","")'
    page.row += 1
    size = (n_layer + 1, tokens)
    title(page, "The most likely next token after each layer: the greener, the more likely")
    _key(page)
    first = page.row + 1
    guesses = heat_map(
        page, 0, f'GPT2_LOGITLENS(prompt_used,1,"all","tokens"&{shown},model_used)', size, page.style.cell, None
    )
    page.row += 1
    title(page, "The probability of that token")
    shares = heat_map(
        page,
        0,
        f'GPT2_LOGITLENS(prompt_used,1,"all","probabilities"&{shown},model_used)',
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
    return lens.replace("$", ""), page.place(first, 1)


def _check(page: Page, guesses: str, shares: str) -> None:
    corner = page.book.shape.n_layer + 2
    token, probability = (
        f"INDEX({cell}#,{corner},{page.book.dialect.columns(f'{cell}#')})" for cell in (guesses, shares)
    )
    title(page, "Check")
    labelled_value(
        page,
        "lens",
        unless_message(guesses, token, guesses),
        "The last row at the last token. It must be the model's answer.",
        page.style.result,
    )
    is_same = page.book.dialect.are_equal(token, "next_token")
    difference = f'IF({is_same},ABS({probability}-INDEX(next_tokens,2,5)),"{MARK} differs from the model")'
    labelled_value(
        page,
        "difference",
        unless_message(guesses, difference, guesses),
        "Its probability minus that on the tab Tokens. It must be about 0.",
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
    position = labelled_input(page, "position", -1, "A position, counted from 0. -1 is the last, -2 the one before it.")
    whole_number(page, position, -page.book.shape.tokens, page.book.shape.tokens - 1)
    style = page.style
    formats = (style.position, *(style.cell, style.cell_percent) * _CANDIDATES)
    first = page.row + 1
    table(page, 0, f'GPT2_LOGITLENS(prompt_used,{_CANDIDATES},{position},"both",model_used)', formats, n_layer + 1)
    for column in range(2, 2 * _CANDIDATES + 1, 2):
        page.sheet.conditional_format(first, column, first + n_layer, column, look.PROBABILITY_BARS)


def write_track(book: Book, rival: str) -> tuple[str, str, Range]:
    """Writes the tab.

    Returns the cell of the token to follow, the address of its final rank, and the cells of the most likely tokens.
    """
    n_layer = book.shape.n_layer
    page = Page(book, TRACK, (13, 16, 13, 10, 18, 3, 9, 11, 13, 10, 3))
    page.furniture(
        TRACK,
        (
            "One token through all layers: its logit, its probability, and its rank among all tokens, where 1 is the "
            "most likely. A second token beside it shows what the model favours instead.",
        ),
    )
    title(page, "You choose")
    target = labelled_input(page, "token", None, "Type the space before it, too. Blank: the model's answer.")
    other = labelled_input(page, "second token", rival, "A token to compare it with, or blank.")
    position = labelled_input(page, "position", -1, "A position in the prompt. -1 is the last.")
    whole_number(page, position, -book.shape.tokens, book.shape.tokens - 1)
    followed = labelled_value(page, "followed", f'IF({target}="",next_token,{target})', "", page.style.result)
    page.row += 1
    title(page, "Layer by layer")
    style = page.style
    formats = (style.position, style.logit, style.probability, style.position)
    names = page.row
    page.formula(names, 0, followed, style.bold)
    page.formula(names, _RIVAL, f'{other}&""', style.bold)
    page.row += 1
    header, last = page.row, page.row + n_layer + 1
    table(page, 0, f"GPT2_LENS_TRACK(prompt_used,{followed},{position},model_used)", formats, n_layer + 1)
    page.row = header
    compared = f'IF({other}="","",GPT2_LENS_TRACK(prompt_used,{other},{position},model_used))'
    table(page, _RIVAL, compared, formats, n_layer + 1)
    page.row = header
    likeliest = f'GPT2_LOGITLENS(prompt_used,1,{position},"tokens",model_used)'
    page.text(header, 4, "most likely there", style.header)
    for row in range(header + 1, last + 1):
        page.sheet.write_blank(row, 4, None, style.token)
    guesses = f'LET(t,{likeliest},IF(COLUMNS(t)=1,"",INDEX(t,SEQUENCE({n_layer + 1},,2),2)))'
    page.formula(header + 1, 4, guesses, style.token, (n_layer + 1, 1))
    for column in (_PROBABILITY, _RIVAL + _PROBABILITY):
        page.sheet.conditional_format(header + 1, column, last, column, look.PROBABILITY_BARS)
    page.row = last + 2
    _charts(page, names, header + 1, last)
    page.sheet.print_area(0, 0, page.row + 17, _RIVAL + 7)
    page.sheet.freeze_panes(1, 0)
    return target.replace("$", ""), page.place(last, _RANK), Range(TRACK, header + 1, 4, last, 4)


def _charts(page: Page, names: int, first: int, last: int) -> None:
    rank_axis = {"log_base": 10, "min": 1, "reverse": True, "crossing": "max", "num_format": "#,##0"}
    for offset, column, text, axis, labels in (
        (0, _PROBABILITY, "Probability after each layer", {"min": 0, "max": 1, "num_format": "0%"}, "low"),
        (_CHART_WIDTH, _RANK, "Rank after each layer: 1, at the top, is the most likely", rank_axis, "high"),
    ):
        chart = page.book.workbook.add_chart({"type": "line"})
        for table_column, colour in ((0, look.ATTENTION), (_RIVAL, look.POSITIVE)):
            chart.add_series(
                {
                    "name": [page.name, names, table_column],
                    "categories": [page.name, first, 0, last, 0],
                    "values": [page.name, first, table_column + column, last, table_column + column],
                    **look.line_with_markers(colour, 2.5),
                }
            )
        look.dress_chart(chart, text)
        chart.set_x_axis({"name": "layer", "label_position": labels})
        chart.set_y_axis({**axis, **look.GRIDLINES})
        chart.set_size({"width": _CHART_WIDTH, "height": 330})
        page.sheet.insert_chart(page.row, 0, chart, {"x_offset": offset})
