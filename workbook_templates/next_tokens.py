"""The table of the most likely next tokens, and its chart, which several workbooks share."""

from __future__ import annotations

from workbook_templates import charts
from workbook_templates import style as look
from workbook_templates.grids import table
from workbook_templates.sheet import Page

COLUMNS = 5  # rank, token, id, logit, probability
_TOKEN, _PROBABILITY = 1, 4
_AXIS_END = 1.15  # leaves room for the label of a 100% bar


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
    charts.dress(chart, "Next token: probability", legend=False)
    chart.set_y_axis({"reverse": True, "num_font": {"size": 10}})  # the most likely on top
    chart.set_x_axis({"min": 0, "max": _AXIS_END, "visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": 560, "height": 300})
    page.sheet.insert_chart(*at, chart)
