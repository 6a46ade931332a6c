"""The tab Prompt cache: which rows change when a token is appended, and what it saves to keep the others."""

from __future__ import annotations

from xlsxwriter.utility import xl_col_to_name

from udfs.models.demo.prompts import TUESDAY
from workbook_templates.book import Book
from workbook_templates.grids import area, labelled_input, labelled_value, title, unless_message, whole_number
from workbook_templates.prompt_tab import BEFORE_PROMPT
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

TAB = "Prompt cache"

APPENDED = " Wednesday"
CHANGED = "When today is Tuesday, tomorrow is"
ALIKE, _SHARED = "If today is Tuesday, yesterday was", 5  # the first tokens are those of the text

_CHANNELS = 4  # shown of the stream
_APPENDED_TOKENS = 4  # rows for the appended text, after those for the tokens of the prompt
_STRIDE = _CHANNELS + 3  # columns from a text's table to that of the next: token, channels, verdict, gap
_NEAR = 0.001  # two numbers that differ by less are the same up to rounding


def write_prompt_cache(book: Book) -> Try:
    """Writes the tab and returns something to try on it."""
    widths = (16, *[10] * _CHANNELS, 9, 3)
    page = Page(book, TAB, (*widths, *widths, *widths), kind="result")
    page.furniture(
        TAB,
        (
            "To write a token, the model reads the whole text. But no token sees a later one: when one is appended,",
            "the rows of the others stay the same. So they are kept, and only the new one is computed: the KV cache.",
            "Services that keep the rows of a prompt from one request to the next call this prompt caching.",
        ),
    )
    title(page, "You choose")
    text = labelled_input(page, "text", TUESDAY, "Blank: the prompt.", 5)
    appended = labelled_input(page, "append", APPENDED, "With its space.", 5)
    changed = labelled_input(page, "another text", CHANGED, "It begins differently: how much of it can be reused?", 5)
    used = f'IF({text}="",prompt_used,{text})'
    page.row += 1
    place = _place(page)
    page.row += 1
    header = page.row + 11
    rows = book.shape.tokens + _APPENDED_TOKENS
    first, last = header + 2, header + 1 + rows
    same = _counts(page, first, last)
    page.row += 1
    _saved(page, area(page, first, 1, last, 1))
    page.row += 1
    title(page, f"The stream after the last block: each token's row, the first {_CHANNELS} channels")
    assert page.row == header, (page.row, header)
    tables = (("The text", used), ("With the token", f"{used}&{appended}"), ("Another text", changed))
    for number, (name, formula) in enumerate(tables):
        _stream(page, number, rows, name, formula, place)
        if number:
            _compare(page, number, first, last)
    page.row = last + 1
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, last, 3 * _STRIDE - 2)
    effect = "Now the two texts begin alike, and the rows up to the first difference can be reused."
    return Try(TAB, changed.replace("$", ""), ALIKE, effect, same, float(_SHARED))


def _place(page: Page) -> str:
    """The name of the stream after the last block, which depends on the model's number of layers."""
    layers = page.book.dialect.found('"layers (n_layer)"', "GPT2_INFO(model)", 2)
    name = unless_message("model_used", f'"h."&{layers}', "model_used")
    return labelled_value(page, "place", name, "The stream that leaves the last block.")


def _stream(page: Page, number: int, rows: int, name: str, text: str, place: str) -> None:
    """The tokens of a text, and the first channels of its rows; the prompt's message if there is one."""
    style, dialect, column, row = page.style, page.book.dialect, number * _STRIDE, page.row
    page.text(row, column, name, style.bold)
    page.text(row + 1, column, "token", style.header)
    for channel in range(_CHANNELS):
        page.sheet.write_number(row + 1, column + 1 + channel, channel, style.channel)
    for at in range(row + 2, row + 2 + rows):
        page.sheet.write_blank(at, column, None, style.token)
        for channel in range(_CHANNELS):
            page.sheet.write_blank(at, column + 1 + channel, None, style.number)
    tokens = f"GPT2_TOKENIZE({BEFORE_PROMPT}&{text},model)"
    named = unless_message("prompt_used", f'IFERROR({dialect.part(tokens, 2, 2, above=1)},"")')
    page.formula(row + 2, column, named, style.token, (rows, 1))
    channels = f"IF(ISTEXT(INDEX(stream,1,1)),stream,{dialect.part('stream', 1, _CHANNELS)})"
    shown = f"LET(stream,GPT2_RESIDUAL({text},{place},model_used),{channels})"
    values = unless_message("prompt_used", shown, "prompt_used")
    page.formula(row + 2, column + 1, values, style.number, (rows, _CHANNELS))
    page.mark_errors(row + 2, column + 1)


def _compare(page: Page, number: int, first: int, last: int) -> None:
    """Whether each row is that of the first text: same, changed or new."""
    column, verdict = number * _STRIDE, number * _STRIDE + _CHANNELS + 1
    for row in range(first, last + 1):
        own, other = page.at(row, column + 1), page.at(row, 1)
        is_same = f"ABS({own}-{other})<{_NEAR}"
        words = f'IF(ISNUMBER({other}),IF({is_same},"same","changed"),"new")'
        page.plain(row, verdict, f'IF(ISNUMBER({own}),{words},"")', page.style.aside)
    name = f"${xl_col_to_name(verdict)}{first + 1}"
    for word, cell_format in (
        ("same", page.style.chosen),
        ("changed", page.style.refused),
        ("new", page.style.finished),
    ):
        rule = {"type": "formula", "criteria": f"={page.book.dialect.has_text(name, word)}", "format": cell_format}
        page.sheet.conditional_format(first, column, last, verdict, rule)


def _counts(page: Page, first: int, last: int) -> str:
    """How many rows of the other texts are those of the first. Returns the address of the last count."""
    title(page, "How many rows can be reused")
    for number, name in ((1, "token appended"), (2, "other text")):
        verdict = number * _STRIDE + _CHANNELS + 1
        cells = area(page, first, verdict, last, verdict)
        labelled_value(
            page,
            name,
            f'COUNTIF({cells},"same")',
            "Rows that need not be computed again: those before the first change.",
            page.style.result_whole,
        )
    return page.place(page.row - 1, 1)


def _saved(page: Page, rows: str) -> None:
    """What the cache saves while a text is written."""
    title(page, "What that saves while a text is written")
    count = labelled_input(page, "tokens", 100, "How many the model writes after the text.")
    whole_number(page, count, 1, 1000)
    without, cached = f"{count}*COUNT({rows})+{count}*({count}-1)/2", f"COUNT({rows})+{count}-1"
    labelled_value(page, "rows without", without, "All rows again for each token.", page.style.value)
    labelled_value(page, "rows with", cached, "Each row once.", page.style.value)
    labelled_value(page, "times fewer", f"({without})/MAX(1,{cached})", "", page.style.result_whole)
