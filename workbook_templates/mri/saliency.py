"""The tab Saliency: which words of the prompt decide the answer."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import labelled_input, labelled_value, table, title
from workbook_templates.sheet import Page

TAB = "Saliency"

_METHODS = ("gradient", "integrated", "leave out")
_SUMS = 3  # rows after the tokens': sum, rest, logit
_RIGHT, _A_ROW, _FEWEST_ROWS = 4, 8, 2  # the coloured prompt: its first column, tokens in a row, rows
_TOKEN, _SALIENCY = 1, 2


def write_saliency(book: Book) -> tuple[str, str]:
    """Writes the tab. Returns the cell of the method, and the address of the first token's saliency."""
    style = book.style
    page = Page(book, TAB, (14, 20, 12, 3, *[13] * _A_ROW))
    page.furniture(
        TAB,
        (
            "How much does the answer depend on each word? Three methods measure it, and none is the whole truth. "
            "gradient: what a small change of the word would do.",
            "integrated: the mean of that while all words fade in from nothing. leave out: what the logit loses "
            "without the word.",
        ),
    )
    title(page, "You choose")
    target = labelled_input(page, "token", None, "Type the space before it, too. Blank: the model's answer.")
    against = labelled_input(
        page, "against", None, "A second token, or blank. With it: which words favour one over the other?"
    )
    method = labelled_input(page, "method", _METHODS[1], "gradient, integrated or leave out.")
    rule = {"validate": "list", "source": list(_METHODS), "error_message": "gradient, integrated or leave out."}
    page.sheet.data_validation(method.replace("$", ""), rule)
    used = labelled_value(page, "logit of", f'IF({target}="",next_token,{target})', "", style.result)
    page.row += 1
    title(page, "Every token. On the right, the prompt: orange favours the answer, blue works against it")
    header = page.row
    formats = (style.position, style.token, style.logit)
    other = book.dialect.typed(against)
    formula = f"GPT2_SALIENCY(prompt_used,{used},{method},{other},model_used)"
    table(page, 0, formula, formats, book.shape.tokens + _SUMS)
    last = page.row - 1
    page.row = header
    _prompt(page, header + 1, book.shape.tokens)
    note = "sum: of all tokens. logit: of the answer. rest: logit minus sum, the part that no word explains."
    page.text(page.row, _RIGHT, note, style.note)
    page.row += 2
    _chart(page, header + 1, header + book.unfolded)
    page.sheet.print_area(0, 0, max(last, page.row + 18), _RIGHT + _A_ROW)
    page.sheet.freeze_panes(1, 0)
    return method.replace("$", ""), page.place(header + 1, _SALIENCY)


def _prompt(page: Page, first: int, tokens: int) -> None:
    """The tokens in rows, like running text, each with its saliency below."""
    rows = max(_FEWEST_ROWS, -(-min(tokens, 4 * _A_ROW) // _A_ROW))
    for number in range(_A_ROW * rows):
        row, column = page.row + 2 * (number // _A_ROW), _RIGHT + number % _A_ROW
        if number >= tokens:
            break
        position, token, value = (page.at(first + number, at) for at in (0, _TOKEN, _SALIENCY))
        page.plain(row, column, f'IF(ISNUMBER({position}),{token},"")', page.style.token)
        page.plain(row + 1, column, f'IF(ISNUMBER({position}),{value},"")', page.style.cell_number)
    last = page.row + 2 * rows - 1
    page.sheet.conditional_format(page.row, _RIGHT, last, _RIGHT + _A_ROW - 1, look.SIGNED_SCALE)
    page.row = last + 2


def _chart(page: Page, first: int, last: int) -> None:
    chart = page.book.workbook.add_chart({"type": "column"})
    chart.add_series(
        {
            "name": "saliency",
            "categories": [page.name, first, _TOKEN, last, _TOKEN],
            "values": [page.name, first, _SALIENCY, last, _SALIENCY],
            "fill": {"color": look.ATTENTION},
            "gap": 40,
        }
    )
    look.dress_chart(chart, "What each token adds", legend=False)
    chart.set_x_axis({"label_position": "low"})
    chart.set_y_axis({"name": "logit", **look.GRIDLINES})
    chart.set_size({"width": 640, "height": 300})
    page.sheet.insert_chart(page.row, _RIGHT, chart)
