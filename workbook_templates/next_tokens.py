"""The most likely next tokens: their table, its chart, and the tab Tokens."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import table, unless_message
from workbook_templates.prompt_tab import write_prompt_tokens
from workbook_templates.sheet import Page

COLUMNS = 5  # rank, token, id, logit, probability
_TOKEN, _LOGIT, _PROBABILITY = 1, 3, 4
CHART_WIDTH, _BEHIND_WIDTH = 560, 460
_AXIS_END = 1.15  # leaves room for the label of a 100% bar

TOKEN_TABLE = "Tokens!$A$7"  # the cell that the table of tokens spills from

_SHOWN = 10  # tokens in the table of next tokens
_NEXT, _CHARTS = 4, 11  # its first column, and that of its charts


def write_next_tokens(page: Page, column: int, formula: str, shown: int) -> str:
    """A `grids.table` with the `shown` most likely tokens, and bars for their probabilities."""
    style, first = page.style, page.row + 1
    formats = (style.position, style.token, style.whole, style.logit, style.probability)
    cell = table(page, column, formula, formats, shown)
    bars = column + _PROBABILITY
    page.sheet.conditional_format(first, bars, first + shown - 1, bars, look.PROBABILITY_BARS)
    return cell


def write_behind(page: Page, column: int, rows: tuple[int, int]) -> None:
    """How far each logit is behind the first: a column to the right of the table that begins in `column`."""
    first, last = rows
    at = column + COLUMNS
    page.text(first - 1, at, "behind", page.style.header_right)
    for row in range(first, last + 1):
        logit, largest = page.at(row, column + _LOGIT), page.at(first, column + _LOGIT, absolute=True)
        page.plain(row, at, f'IF(ISNUMBER({logit}),{logit}-{largest},"")', page.style.logit)


def write_behind_chart(page: Page, at: tuple[int, int], column: int, rows: tuple[int, int], x_offset: int = 0) -> None:
    """A bar chart of `write_behind`, which shows what probabilities near 0 and 1 hide."""
    first, last = rows
    chart = page.book.workbook.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "behind",
            "categories": [page.name, first, column + _TOKEN, last, column + _TOKEN],
            "values": [page.name, first, column + COLUMNS, last, column + COLUMNS],
            "fill": {"color": look.NEGATIVE},
            "gap": 40,
            "data_labels": {"value": True, "num_format": "0.0"},
        }
    )
    look.dress_chart(chart, "Logits behind the first: 2.3 less is a tenth as likely", legend=False)
    chart.set_y_axis({"reverse": True, "num_font": {"size": 10}, "label_position": "high"})
    chart.set_x_axis({"max": 0, "visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": _BEHIND_WIDTH, "height": 300})
    page.sheet.insert_chart(*at, chart, {"x_offset": x_offset})


def write_chart(page: Page, at: tuple[int, int], column: int, rows: tuple[int, int]) -> None:
    """A bar chart of the probabilities in these rows of the table that begins in `column`."""
    first, last = rows
    chart = page.book.workbook.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "probability",
            "categories": [page.name, first, column + _TOKEN, last, column + _TOKEN],
            "values": [page.name, first, column + _PROBABILITY, last, column + _PROBABILITY],
            "fill": {"color": look.ATTENTION},
            "gap": 40,
            "data_labels": {"value": True, "num_format": look.PROBABILITY},
        }
    )
    look.dress_chart(chart, "Next token: probability", legend=False)
    chart.set_y_axis({"reverse": True, "num_font": {"size": 10}})  # the most likely on top
    chart.set_x_axis({"min": 0, "max": _AXIS_END, "visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": CHART_WIDTH, "height": 300})
    page.sheet.insert_chart(*at, chart)


def write_tokens(book: Book) -> None:
    """Writes the tab and names its tables. The cells below the tokens are free, so that a long prompt has room."""
    page = Page(book, "Tokens", (11.5, 22, 11, 4, 9, 22, 11, 11, 14, 11, 4))
    page.furniture(
        "Tokens",
        (
            "Left: the text, cut into tokens: words and parts of words. They are the columns of the other tabs.",
            "Right: the model's prediction: the ten tokens that are most likely to come next.",
        ),
    )
    style = page.style
    for column, text in ((0, "The tokens"), (_NEXT, "The most likely next tokens")):
        page.text(page.row, column, text, style.bold)
    page.row += 1
    header = page.row
    assert page.place(header, 0) == TOKEN_TABLE
    write_prompt_tokens(page, 0)
    page.row = header
    predicted = write_next_tokens(page, _NEXT, f"GPT2_PREDICT(prompt_used,{_SHOWN},1,model_used)", _SHOWN)
    book.name("next_tokens", page.place(header, _NEXT, header + _SHOWN, _NEXT + COLUMNS - 1))
    rows = header + 1, header + _SHOWN
    write_behind(page, _NEXT, rows)
    write_chart(page, (header - 1, _CHARTS), _NEXT, rows)
    write_behind_chart(page, (header + 15, _CHARTS), _NEXT, rows)
    page.row += 1
    page.text(page.row, _NEXT, "chosen", style.bold)
    likeliest = page.at(header + 1, _NEXT + 1)
    page.formula(page.row, _NEXT + 1, unless_message(predicted, likeliest, predicted), style.result)
    page.mark_errors(page.row, _NEXT + 1)
    book.name("next_token", page.place(page.row, _NEXT + 1))
    page.sheet.freeze_panes(header + 1, 0)
    page.sheet.print_area(0, 0, header + book.shape.tokens, _CHARTS + 8)
