"""The tab Track a token: one token's logit, probability and rank after each layer, next to a second token's."""

from __future__ import annotations

from workbook_templates import charts
from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import labelled_input, labelled_value, table, title, whole_number
from workbook_templates.sheet import Page

TAB = "Track a token"

_RIVAL = 6  # the first column of the second token's table
_PROBABILITY, _RANK = 2, 3  # columns within a table
_CHART_WIDTH = 520


def write_track(book: Book, rival: str) -> str:
    """Writes the tab and returns the cell of the token to follow."""
    n_layer = book.shape.n_layer
    page = Page(book, TAB, (13, 16, 13, 10, 18, 3, 9, 11, 13, 10, 3))
    page.furniture(
        TAB,
        (
            "One token through all layers: how its logit and probability change, and its rank among all tokens,",
            "where 1 is the most likely. A second token next to it shows what the model favours instead.",
        ),
    )
    title(page, "You choose")
    target = labelled_input(page, "token", None, "With the space before it. Blank: the model's answer.")
    other = labelled_input(page, "second token", rival, "To compare with, or blank.")
    position = labelled_input(page, "position", -1, "Which column of the logit lens; -1 is the last.")
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
    said = f'LET(t,{likeliest},IF(COLUMNS(t)=1,"",DROP(t,1,1)))'
    page.formula(header + 1, 4, said, style.token, (n_layer + 1, 1))
    for column in (_PROBABILITY, _RIVAL + _PROBABILITY):
        page.sheet.conditional_format(header + 1, column, last, column, look.PROBABILITY_BARS)
    page.row = last + 2
    _charts(page, names, header + 1, last)
    page.sheet.print_area(0, 0, page.row + 17, _RIVAL + 7)
    page.sheet.freeze_panes(1, 0)
    return target.replace("$", "")


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
                    **charts.line_with_markers(colour, 2.5),
                }
            )
        charts.dress(chart, text)
        chart.set_x_axis({"name": "layer", "label_position": labels})
        chart.set_y_axis({**axis, **charts.GRIDLINES})
        chart.set_size({"width": _CHART_WIDTH, "height": 330})
        page.sheet.insert_chart(page.row, 0, chart, {"x_offset": offset})
