"""The tab Head: the last row of the stream becomes a probability for every token, and the most likely is chosen."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.anatomy.places import LABELS
from workbook_templates.bands import FIRST, Band, BandPage, unless_error
from workbook_templates.book import Book
from workbook_templates.grids import number_between
from workbook_templates.places import MARK

_SHOWN = 10  # tokens in the table
_NUMBER, _CHART_COLUMN = 4, FIRST + 5


def write_head(book: Book, incoming: Band, before: str) -> None:
    """Writes the tab and names the table of next tokens, the temperature and the chosen token."""
    page = BandPage(
        book,
        "Head",
        "Head",
        (
            "Only the last token's row says what comes next. It is compared with the embedding of every token:",
            "the better they fit, the higher that token's logit. Softmax turns logits into probabilities.",
        ),
        labels=LABELS,
        kind="result",
    )
    stream = _last_row(page, incoming, before)
    page.heading("ln_f", "The final LayerNorm. (The logits below do it themselves; here it can be seen.)", ())
    page.band(f'GPT2_LAYERNORM({stream.spill},"ln_f",model)', rows=1, labels=book.dialect.last_row(LABELS))
    _logits(page, stream)
    page.finish(before, "Weights")


def _last_row(page: BandPage, incoming: Band, before: str) -> Band:
    dialect, cell = page.book.dialect, incoming.place
    labels = dialect.last_row(LABELS)
    page.heading("last row", f"The last token's row of the residual stream, from the tab {before}.", ())
    arrived = page.band(unless_error((cell,), dialect.last_row(incoming.spill_outside)), rows=1, labels=labels)
    page.heading("your edits", "Type a number over any value above.", (), numbered=False)
    edits = page.edit_grid(arrived, rows=1, labels=labels)
    page.heading("edited", "The row with your edits.", (), numbered=False)
    over = dialect.typed_over(edits, arrived.spill)
    return page.band(f"GPT2_EDIT({arrived.spill},{over})", rows=1, labels=labels)


def _logits(page: BandPage, stream: Band) -> None:
    page.heading(
        "next token",
        f"The {_SHOWN} most likely next tokens, of all that the model knows.",
        ("Temperature divides the logits first: 1 as trained, lower is surer, higher more even, 0 all to the first.",),
    )
    _temperature(page)
    page.row += 1
    header, first, last = page.row, page.row + 1, page.row + _SHOWN
    style = page.style
    table_size = _SHOWN + 1, _NUMBER + 1
    page.formula(header, 0, f"GPT2_LOGITS({stream.spill},{_SHOWN},temperature,model)", style.header, table_size)
    for column in range(1, _NUMBER + 1):
        page.sheet.write_blank(header, column, None, style.header_right if column > 1 else style.header)
    for column, cell_format in enumerate((style.position, style.token, style.whole, style.logit, style.probability)):
        for row in range(first, last + 1):
            page.sheet.write_blank(row, column, None, cell_format)
    page.mark_errors(header, 0)
    page.sheet.conditional_format(first, _NUMBER, last, _NUMBER, look.PROBABILITY_BARS)
    page.book.name("next_tokens", page.place(header, 0, last, _NUMBER))
    _chart(page, header, first, last)
    page.row = last + 2
    page.text(page.row, 0, "chosen", style.bold)
    table = page.at(header, 0)
    page.formula(page.row, 1, f'IF(LEFT({table},6)="{MARK}",{table},{page.at(first, 1)})', style.result)
    page.formula(page.row, FIRST, f'IF(LEFT({table},6)="{MARK}","",{page.at(first, _NUMBER)})', style.result_share)
    page.mark_errors(page.row, 1)
    page.book.name("next_token", page.place(page.row, 1))
    page.row += 4


def _temperature(page: BandPage) -> None:
    page.text(page.row, 0, "temperature", page.style.bold)
    page.input(page.row, 1, 1)
    number_between(page, page.at(page.row, 1), 0, 1000)
    page.book.name("temperature", page.place(page.row, 1))
    page.row += 1


def _chart(page: BandPage, header: int, first: int, last: int) -> None:
    chart = page.book.workbook.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "probability",
            "categories": [page.name, first, 1, last, 1],
            "values": [page.name, first, _NUMBER, last, _NUMBER],
            "fill": {"color": look.ATTENTION},
            "gap": 40,
            "data_labels": {"value": True, "num_format": look.PERCENT},
        }
    )
    chart.set_title({"name": "Next token: probability", "name_font": {"size": 12, "color": look.INK}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "num_font": {"size": 10}})  # the most likely on top
    # There is room for the label of a bar of 100%.
    chart.set_x_axis({"min": 0, "max": 1.15, "visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": 560, "height": 300})
    page.sheet.insert_chart(header, _CHART_COLUMN, chart)
