"""The most likely next tokens: their table, its chart, and the tab Tokens."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import table, unless_message
from workbook_templates.prompt_tab import write_prompt_tokens
from workbook_templates.sheet import Page

COLUMNS = 5  # rank, token, id, logit, probability
_TOKEN, _PROBABILITY = 1, 4
_AXIS_END = 1.15  # leaves room for the label of a 100% bar

TOKEN_TABLE = "Tokens!$A$7"  # the cell that the table of tokens spills from

_SHOWN = 10  # tokens in the table of next tokens
_NEXT = 4  # its first column


def write_next_tokens(page: Page, column: int, formula: str, shown: int) -> str:
    """A `grids.table` with the `shown` most likely tokens, and bars for their probabilities."""
    style, first = page.style, page.row + 1
    formats = (style.position, style.token, style.whole, style.logit, style.probability)
    cell = table(page, column, formula, formats, shown)
    bars = column + _PROBABILITY
    page.sheet.conditional_format(first, bars, first + shown - 1, bars, look.PROBABILITY_BARS)
    return cell


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
            "data_labels": {"value": True, "num_format": look.PERCENT},
        }
    )
    look.dress_chart(chart, "Next token: probability", legend=False)
    chart.set_y_axis({"reverse": True, "num_font": {"size": 10}})  # the most likely on top
    chart.set_x_axis({"min": 0, "max": _AXIS_END, "visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": 560, "height": 300})
    page.sheet.insert_chart(*at, chart)


def write_tokens(book: Book) -> None:
    """Writes the tab and names its tables. The cells below the tokens are free, so that a long prompt has room."""
    page = Page(book, "Tokens", (11.5, 22, 11, 4, 9, 22, 11, 11, 14))
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
    page.row += 1
    page.text(page.row, _NEXT, "chosen", style.bold)
    likeliest = page.at(header + 1, _NEXT + 1)
    page.formula(page.row, _NEXT + 1, unless_message(predicted, likeliest, predicted), style.result)
    page.mark_errors(page.row, _NEXT + 1)
    book.name("next_token", page.place(page.row, _NEXT + 1))
    page.sheet.freeze_panes(header + 1, 0)
    page.sheet.print_area(0, 0, header + book.shape.tokens, _NEXT + COLUMNS - 1)
