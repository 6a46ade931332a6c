"""The tab Log-probabilities: how well the model predicted a text, token by token, coloured by surprise."""

from __future__ import annotations

from xlsxwriter.format import Format

from workbook_templates import style as look
from workbook_templates.book import MARK, Book
from workbook_templates.grids import area, labelled_input, labelled_value, table, title, unless_message
from workbook_templates.prompt_tab import tokens_of, write_prompt_tokens
from workbook_templates.sheet import Page

TAB = "Log-probabilities"
TOKEN_TABLE = f"'{TAB}'!$L$6"  # the cell that the table of the prompt's tokens spills from

TEXT = "Mike is quick. He moves slowly. Anna is a Jedi. She pulls out her phone."

_TOKENS = 11  # the column of the prompt's tokens
_A_ROW, _FEWEST_ROWS = 8, 6  # coloured tokens
_CHARTED, _CHART_ROWS = 24, 17
_BITS = (1, 3, 6, 10, 16)  # the surprises at which a token gets a darker colour
_NAMES = ("position", "token", "log-probability", "probability", "rank", "surprise", "entropy", "perplexity")
_SURPRISE, _ENTROPY, _PERPLEXITY = 5, 6, 7


def write_log_probabilities(book: Book) -> tuple[str, str]:
    """Writes the tab and names the prompt's tokens. Returns the cell of the text, and the address of its perplexity."""
    page = Page(book, TAB, (13, *[15] * 8, 3, 3, 11.5, 18, 10), kind="result")
    page.furniture(
        TAB,
        (
            "A model that predicts a text well gives each token a high probability. Surprise is -log2 of it, in bits: "
            "0 for a certain token, 1 for the toss of a coin, 10 for one chance in a thousand.",
        ),
    )
    _prompt_tokens(page)
    title(page, "You choose")
    text = labelled_input(page, "text", TEXT, "Blank: the prompt.", 6)
    page.row += 1
    rows = max(_FEWEST_ROWS, -(-book.shape.tokens // _A_ROW))
    room = _A_ROW * rows
    header = page.row + 2 * rows + _CHART_ROWS + 11
    perplexity = page.place(page.row + 1, 1)
    _summary(page, header, room)
    page.row += 1
    title(page, "The text, coloured by surprise, with the bits below each token")
    _key(page)
    _coloured(page, header + 1, rows)
    page.row += 1
    _chart(page, header)
    title(
        page,
        "Every token",
        (
            "entropy: how unsure the model was before the token, in bits. If it was sure and wrong, the surprise is "
            "largest.",
            "perplexity: the model did as well as if it had guessed among this many equally likely tokens each time.",
        ),
    )
    assert page.row == header, (page.row, header)
    style = page.style
    formats = (style.position, style.token, style.number, style.probability, style.position, *[style.logit] * 3)
    too_long = f'"{MARK} this tab has room for {room} tokens, the text has "&n'
    checked = f"LET(n,{tokens_of(text)},IF(n>{room},{too_long},{text}))"
    used = f'IF({text}="",prompt_used,{unless_message("prompt_used", checked, "prompt_used")})'
    table(page, 0, f"GPT2_LOGPROBS({used},model_used)", (*formats, style.aside), room)
    bar = {**look.PROBABILITY_BARS, "max_value": 20, "bar_color": look.POSITIVE}
    page.sheet.conditional_format(header + 1, _SURPRISE, header + room, _SURPRISE, bar)
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, page.row, _TOKENS + 2)
    page.sheet.fit_to_pages(1, 1)
    return text.replace("$", ""), perplexity


def _prompt_tokens(page: Page) -> None:
    """The prompt's tokens, on the right; the check on the tab Prompt reads them."""
    start = page.row
    page.text(start, _TOKENS, "The prompt's tokens", page.style.heading)
    page.row += 1
    assert page.place(page.row, _TOKENS) == TOKEN_TABLE, page.place(page.row, _TOKENS)
    write_prompt_tokens(page, _TOKENS)
    page.row = start


def _key(page: Page) -> None:
    """The key to the colours."""
    page.text(page.row, 0, "bits", page.style.label)
    for column, bits in enumerate(_BITS, start=1):
        page.text(page.row, column, f"from {bits}", _shade(page, bits))
    page.row += 1


def _shade(page: Page, bits: float) -> Format:
    share = (_BITS.index(bits) + 1) / len(_BITS)
    return page.book.workbook.add_format({"bg_color": look.between(look.ZERO, look.POSITIVE, share)})


def _coloured(page: Page, first: int, rows: int) -> None:
    """The tokens in rows, like running text, each with its bits below. `first` is the table's first row."""
    top = page.row
    for number in range(_A_ROW * rows):
        row, column = top + 2 * (number // _A_ROW), 1 + number % _A_ROW
        token, bits = page.at(first + number, 1), page.at(first + number, _SURPRISE)
        page.plain(row, column, f'IF({token}="","",{token})', page.style.token)
        page.plain(row + 1, column, f'IF({bits}="","",{bits})', page.style.bits)
    for row in range(top, top + 2 * rows, 2):
        below = page.at(row + 1, 1)
        for least in reversed(_BITS):
            rule = {
                "type": "formula",
                "criteria": f"=AND(ISNUMBER({below}),{below}>={least})",
                "format": _shade(page, least),
                "stop_if_true": True,
            }
            page.sheet.conditional_format(row, 1, row, _A_ROW, rule)
    page.row = top + 2 * rows


def _summary(page: Page, header: int, room: int) -> None:
    """The figures of the whole text."""
    title(page, "The whole text")
    table_cell = page.at(header, 0, absolute=True)
    first, last = header + 1, header + room

    def column(number: int) -> str:
        return area(page, first, number, last, number)

    counted = f"COUNT({column(_SURPRISE)})"
    one_token = f'IF({counted}=0,"",{{}})'
    for label, formula, note in (
        (
            "perplexity",
            f"MAX(INDEX({column(_PERPLEXITY)},{counted}+1),0)",
            "As if the model had guessed among this many tokens each time.",
        ),
        ("mean surprise", f"SUM({column(_SURPRISE)})/{counted}", "Bits per token: log2 of the perplexity."),
        ("mean entropy", f"SUM({column(_ENTROPY)})/{counted}", "The surprise that the model expected."),
    ):
        value = unless_message(table_cell, one_token.format(formula), table_cell)
        labelled_value(page, label, value, note, page.style.result_logit)


def _chart(page: Page, header: int) -> None:
    chart = page.book.workbook.add_chart({"type": "column"})
    line = page.book.workbook.add_chart({"type": "line"})
    first, last = header + 1, header + _CHARTED
    where = {"categories": [page.name, first, 1, last, 1]}
    chart.add_series(
        {
            **where,
            "name": "surprise (bits)",
            "values": [page.name, first, _SURPRISE, last, _SURPRISE],
            "fill": {"color": look.POSITIVE},
            "gap": 40,
        }
    )
    line.add_series(
        {
            **where,
            "name": "entropy before it (bits)",
            "values": [page.name, first, _ENTROPY, last, _ENTROPY],
            "line": {"color": look.BAND, "width": 2},
        }
    )
    chart.combine(line)
    look.dress_chart(chart, f"The first {_CHARTED} tokens")
    chart.set_y_axis({"min": 0, "name": "bits", **look.GRIDLINES})
    chart.set_size({"width": 980, "height": 320})
    page.sheet.insert_chart(page.row, 0, chart)
    page.row += _CHART_ROWS
