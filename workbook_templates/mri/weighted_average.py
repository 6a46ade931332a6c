"""The tab Weighted average: one row of one head, shown as what it is: an average of values, weighted by a kernel."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import area, fold, labelled_input, labelled_value, title, unless_message, whole_number
from workbook_templates.mri.attention import OneHead
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Change, Try

TAB = "Weighted average"

_CHANNELS = 6  # shown of the values
_TOKEN, _SCORE, _KERNEL, _SHARE, _FROM_HEAD, _VALUES = range(6)  # columns
_CHART_ROWS = 15


def write_weighted_average(book: Book, head: OneHead) -> Try:
    """Writes the tab and returns something to try on it."""
    page = Page(book, TAB, (17, 12, 18, 12, 14, *[11] * _CHANNELS), kind="value")
    page.furniture(
        TAB,
        (
            "What a head gathers for a token is a weighted average of values: those of the tokens up to it.",
            "Statisticians call this kernel smoothing: examples count the more, the more they are like the question.",
            "Here the kernel is EXP(query · key / √size). (Nadaraya 1964, Watson 1964; Tsai et al. 2019.)",
        ),
    )
    title(page, "You choose")
    position = labelled_input(page, "position", -1, "Which token looks, counted from 0; -1 is the last.")
    whole_number(page, position, -book.shape.tokens, book.shape.tokens - 1)
    chosen = f'"layer "&{head.layer}&", head "&{head.head}'
    labelled_value(page, "head", chosen, "Chosen on the tab Attention.")
    looking = f"IF({position}<0,token_count+{position},{position})"
    row = labelled_value(page, "row", looking, "The token's position.", page.style.result_whole)
    page.row += 1
    title(page, "The tokens that it sees: score, kernel, share, and the first channels of each value")
    header, first, last = page.row, page.row + 1, page.row + book.shape.tokens
    _header(page)
    for number in range(book.shape.tokens):
        _token(page, first, last, number, row, head)
    name = f'"h."&{head.layer}&".attn.head."&{head.head}&'
    _values(page, header, name)
    page.row = last + 1
    fold(page, book.shape.tokens)
    _sums(page, first, last, row, name)
    _chart(page, first, last)
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, page.row + _CHART_ROWS, _VALUES + _CHANNELS - 1)
    page.row += _CHART_ROWS
    effect = "Another token looks, and the weights are others: each row of a head is an average of its own."
    return Try(TAB, position.replace("$", ""), "-3", effect, page.place(first, _SHARE), Change.OTHER)


def _header(page: Page) -> None:
    style = page.style
    for column, text in enumerate(("token", "score", "EXP(score - max)", "share", "on Attention")):
        page.text(page.row, column, text, style.header_right if column else style.header)
    for channel in range(_CHANNELS):
        page.text(page.row, _VALUES + channel, f"value {channel}", style.header_right)


def _token(page: Page, first: int, last: int, number: int, looking: str, head: OneHead) -> None:
    """A row: what the looking token makes of one token."""
    style, row = page.style, first + number
    score, kernel = page.at(row, _SCORE), page.at(row, _KERNEL)
    is_seen = f"{number}<={looking}"
    scores = area(page, first, _SCORE, last, _SCORE)
    total = f"SUM({area(page, first, _KERNEL, last, _KERNEL)})"

    def seen(formula: str) -> str:
        return f'IF(ISNUMBER({looking}),IF({is_seen},{formula},""),"")'

    page.plain(row, _TOKEN, seen(f"INDEX(tokens,{number + 2},2)"), style.token)
    scored = f"INDEX({head.scores}#,{looking}+2,{number + 2})"
    page.plain(row, _SCORE, seen(unless_message(head.scores, scored)), style.logit)
    page.plain(row, _KERNEL, f'IF(ISNUMBER({score}),EXP({score}-MAX({scores})),"")', style.number)
    page.plain(row, _SHARE, f'IF(ISNUMBER({kernel}),{kernel}/{total},"")', style.probability)
    shown = f"INDEX({head.pattern}#,{looking}+2,{number + 2})"
    page.plain(row, _FROM_HEAD, seen(unless_message(head.pattern, shown)), style.probability)


def _values(page: Page, header: int, name: str) -> None:
    """The first channels of each token's value."""
    rows, style, dialect = page.book.shape.tokens, page.style, page.book.dialect
    for row in range(header + 1, header + 1 + rows):
        for channel in range(_CHANNELS):
            page.sheet.write_blank(row, _VALUES + channel, None, style.number)
    values = f'GPT2_RESIDUAL(prompt_used,{name}".v",model_used)'
    shown = f"LET(v,{values},IF(ISTEXT(INDEX(v,1,1)),v,{dialect.part('v', 1, _CHANNELS)}))"
    page.formula(header + 1, _VALUES, shown, style.number, (rows, _CHANNELS))
    page.mark_errors(header + 1, _VALUES)
    shares = (header + 1, _SHARE, header + rows, _SHARE)
    page.sheet.conditional_format(*shares, look.PROBABILITY_BARS)
    unseen = {"type": "formula", "criteria": f'=$D{header + 2}=""', "format": style.cut_first}
    page.sheet.conditional_format(header + 1, _VALUES, header + rows, _VALUES + _CHANNELS - 1, unseen)


def _sums(page: Page, first: int, last: int, looking: str, name: str) -> None:
    """The weighted average by native formulas, the head's own output, and how far apart they are."""
    style = page.style
    z = f'GPT2_RESIDUAL(prompt_used,{name}".z",model_used)'
    shares = area(page, first, _SHARE, last, _SHARE)
    for label, at in (("weighted average", page.row), ("the head's own", page.row + 1)):
        page.text(at, _TOKEN, label, style.bold)
    page.text(page.row, _SHARE, "share × value", style.note)
    for column in range(_VALUES, _VALUES + _CHANNELS):
        values = area(page, first, column, last, column)
        average = f'IF(COUNT({values})=0,"",SUMPRODUCT({shares},{values}))'
        page.plain(page.row, column, average, style.result_number)
        one = f'LET(z,{z},IF(ISTEXT(INDEX(z,1,1)),"",INDEX(z,{looking}+1,{column - _VALUES + 1})))'
        page.formula(page.row + 1, column, one, style.number)
    own, average = (
        f"{page.at(row, _VALUES)}:{page.at(row, _VALUES + _CHANNELS - 1)}" for row in (page.row + 1, page.row)
    )
    page.row += 2
    page.text(page.row, _TOKEN, "check", style.bold)
    page.formula(page.row, _VALUES, f'IF(COUNT({own})=0,"",SUMPRODUCT(({own}-{average})^2))', style.check)
    page.text(page.row, _VALUES + 1, "The sum of the squared differences: about 0.", style.note)
    page.row += 2


def _chart(page: Page, first: int, last: int) -> None:
    chart = page.book.workbook.add_chart({"type": "column"})
    shown = min(last, first + max(page.book.unfolded, 8) - 1)
    chart.add_series(
        {
            "name": "share",
            "categories": [page.name, first, _TOKEN, shown, _TOKEN],
            "values": [page.name, first, _SHARE, shown, _SHARE],
            "fill": {"color": look.ATTENTION},
            "gap": 40,
        }
    )
    look.dress_chart(chart, "The weights: the share of each token", legend=False)
    chart.set_y_axis({"min": 0, "max": 1, "num_format": "0%", **look.GRIDLINES})
    chart.set_size({"width": 760, "height": 280})
    page.sheet.insert_chart(page.row, 0, chart)
