"""The tab Temperature: the same ten tokens at several temperatures, as a table and a chart, and a text for each."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.generation.sampling import Choices
from workbook_templates.grids import number_between, title, unless_message
from workbook_templates.next_tokens import COLUMNS, write_next_tokens
from workbook_templates.sheet import Page

TAB = "Temperature"

_TEMPERATURES = (0.2, 0.5, 1, 1.5, 3)
_COLOURS = (look.BAND, look.NEGATIVE, look.ATTENTION, look.POSITIVE, look.ERROR_INK)
_SHOWN = 10  # tokens
_FIRST = 6  # the column of the first temperature
_PROBABILITY = COLUMNS - 1
_CHART_ROWS = 18


def write_temperature(book: Book, choices: Choices) -> None:
    """Writes the tab and names the table of next tokens."""
    page = Page(book, TAB, (11.5, 20, 9, 9, 13, 3, *[12] * len(_TEMPERATURES), 3, 12, 12, 12), kind="result")
    page.furniture(
        TAB,
        (
            "Logits are divided by the temperature before they become probabilities. Below 1, likely tokens gain. "
            "Above 1, unlikely ones gain; there are about fifty thousand, so they soon have nearly everything.",
        ),
    )
    title(page, "The next token's probabilities at five temperatures, which you can change")
    labels, header = page.row, page.row + 1
    page.text(labels, 0, "The model itself: temperature 1", page.style.bold)
    page.text(labels, _FIRST, "temperature", page.style.bold)
    page.row = header
    style = page.style
    own = write_next_tokens(page, 0, f"GPT2_PREDICT(prompt_used,{_SHOWN},1,model_used)", _SHOWN)
    first, last = header + 1, header + _SHOWN
    book.name("next_tokens", page.place(header, 0, last, _PROBABILITY))
    page.text(last + 1, 1, "all others", style.bold)
    page.formula(
        last + 1, _PROBABILITY, unless_message(own, _others(page, _PROBABILITY, first, last)), style.probability
    )
    for column, temperature in enumerate(_TEMPERATURES, start=_FIRST):
        _at_temperature(page, column, temperature, own, (header, first, last))
    page.text(last + 2, 0, "chosen", style.bold)
    page.formula(last + 2, 1, unless_message(own, page.at(first, 1), own), style.result)
    page.mark_errors(last + 2, 1)
    book.name("next_token", page.place(last + 2, 1))
    page.row = last + 4
    _chart(page, (header, first, last + 1))
    page.row += _CHART_ROWS
    _texts(page, header, choices)
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, page.row, _FIRST + len(_TEMPERATURES))
    page.sheet.fit_to_pages(1, 1)


def _others(page: Page, column: int, first: int, last: int) -> str:
    """The share of all other tokens; the shares shown, in float32, may sum to a little more than 1."""
    return f"MAX(0,1-SUM({page.at(first, column)}:{page.at(last, column)}))"


def _at_temperature(page: Page, column: int, temperature: float, own: str, rows: tuple[int, int, int]) -> None:
    """The probabilities of the same tokens at another temperature. Their order is the same at all but 0."""
    header, first, last = rows
    page.input(header, column, temperature)
    cell = page.at(header, column, absolute=True)
    number_between(page, cell, 0, 1000)
    predicted = f"GPT2_PREDICT(prompt_used,{_SHOWN},{cell},model_used)"
    for row in range(first, last + 1):
        value = f"INDEX(t,{row - first + 2},{_PROBABILITY + 1})"
        formula = f"LET(t,{predicted},IF(COLUMNS(t)=1,t,{value}))"
        page.formula(row, column, unless_message(own, formula), page.style.probability)
    page.formula(last + 1, column, unless_message(own, _others(page, column, first, last)), page.style.probability)
    page.mark_errors(first, column, last, column)
    page.sheet.conditional_format(first, column, last + 1, column, look.PROBABILITY_BARS)


def _chart(page: Page, rows: tuple[int, int, int]) -> None:
    header, first, last = rows
    chart = page.book.workbook.add_chart({"type": "column"})
    for column, colour in enumerate(_COLOURS, start=_FIRST):
        chart.add_series(
            {
                "name": [page.name, header, column],
                "categories": [page.name, first, 1, last, 1],
                "values": [page.name, first, column, last, column],
                "fill": {"color": colour},
                "gap": 60,
                "overlap": -5,
            }
        )
    look.dress_chart(chart, "The same tokens at each temperature")
    chart.set_y_axis({"min": 0, "max": 1, "num_format": "0%", **look.GRIDLINES})
    chart.set_size({"width": 940, "height": 340})
    page.sheet.insert_chart(page.row, 0, chart)


def _texts(page: Page, header: int, choices: Choices) -> None:
    """The text that each temperature gives, without top_k and top_p."""
    title(
        page,
        "A text at each of these temperatures",
        ("Drawn from all tokens. The number of tokens and the seed are on the tab Sampling.",),
    )
    for column in range(_FIRST, _FIRST + len(_TEMPERATURES)):
        cell = page.at(header, column, absolute=True)
        page.plain(page.row, 0, cell, page.style.note_number)
        how = f"{choices.outside('tokens')},{cell},0,1,{choices.outside('seed')}"
        page.formula(page.row, 1, f"GPT2_GENERATE(prompt_used,{how},model_used)", page.style.bold)
        page.mark_errors(page.row, 1)
        page.row += 1
