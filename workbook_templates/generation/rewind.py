"""The tab Rewind: put another token at one step of a generated text, and see how the text continues from there."""

from __future__ import annotations

from xlsxwriter.format import Format

from udfs.models.demo.prompts import JEDI
from workbook_templates.book import Book
from workbook_templates.grids import area, labelled_input, title, unless_message, whole_number
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

TAB = "Rewind"

_MOST_TOKENS = 24
_CANDIDATES = 5
_STEP, _TOKEN, _ID, _FIRST_CANDIDATE = range(4)  # columns
_PIECES = ((1, 3), (9, 8 + 2 * _CANDIDATES))  # columns of GPT2_GENERATE_STEPS, counted from 1


def write_rewind(book: Book) -> Try:
    """Writes the tab and returns something to try on it."""
    page = Page(book, TAB, (14, 18, 10, *(13, 11) * _CANDIDATES), kind="result")
    page.furniture(
        TAB,
        (
            "A model never takes a word back: it reads each of its tokens as if it had been in the prompt all along.",
            "So one other token can turn the whole text. Choose a step, put another token there, and read on.",
        ),
    )
    title(page, "You choose")
    tokens = labelled_input(page, "tokens", 12, f"The most to generate, 2 to {_MOST_TOKENS}: always the likeliest.")
    step = labelled_input(page, "back to step", 2, "A row of the table below.")
    instead = labelled_input(page, "put there", JEDI, "The token instead, with its space: try the runners-up.")
    whole_number(page, tokens, 2, _MOST_TOKENS)
    whole_number(page, step, 1, _MOST_TOKENS)
    page.row += 1
    title(page, "The text, before and after")
    header = page.row + 6
    first = page.at(header + 1, _ID, absolute=True)
    ids = area(page, header + 1, _ID, header + _MOST_TOKENS, _ID)
    kept = f'IF({step}<=1,"",GPT2_DETOKENIZE({first}:INDEX({ids},{step}-1),model_used))'
    own = f"GPT2_GENERATE(prompt_used,{tokens},0,0,1,0,model_used)"
    _text(page, "as it was", f"prompt_used&{own}", page.style.note)
    start = _text(page, "read again", f"prompt_used&{kept}&{instead}", page.style.note)
    new = f"GPT2_GENERATE({start},MAX(1,{tokens}-{step}),0,0,1,0,model_used)"
    _text(page, "rewound", f"LET(added,{new},{unless_message('added', f'{start}&added', 'added')})", page.style.bold)
    place = page.place(page.row - 1, 1)
    page.row += 1
    title(
        page,
        "The steps of the first text, with the likeliest tokens at each of them",
        ("Green: kept. Red: replaced. Grey: what comes after it, and is generated anew.",),
    )
    assert page.row == header, (page.row, header)
    # Only the likeliest token is left to draw from, and the candidates keep their probabilities at temperature 1.
    steps = f"GPT2_GENERATE_STEPS(prompt_used,{tokens},1,1,1,0,{_CANDIDATES},model_used)"
    _steps(page, steps, step)
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, page.row, _FIRST_CANDIDATE + 2 * _CANDIDATES - 1)
    effect = "Another token there, and another story: Mike is a musician, so he pulls out his guitar."
    return Try(TAB, instead.replace("$", ""), " musician", effect, place, "guitar")


def _text(page: Page, label: str, formula: str, cell_format: Format) -> str:
    """A labelled text that runs over the empty cells to its right. Returns its cell."""
    page.text(page.row, 0, label, page.style.bold)
    page.formula(page.row, 1, unless_message("prompt_used", formula, "prompt_used"), cell_format)
    page.mark_errors(page.row, 1)
    page.row += 1
    return page.at(page.row - 1, 1, absolute=True)


def _steps(page: Page, steps: str, step: str) -> None:
    """The table of steps, in pieces: the function's other columns are about random numbers."""
    style, header, dialect = page.style, page.row, page.book.dialect
    formats = (style.position, style.token, style.whole)
    for row in range(header + 1, header + 1 + _MOST_TOKENS):
        for column, cell_format in enumerate((*formats, *(style.cell, style.cell_percent) * _CANDIDATES)):
            page.sheet.write_blank(row, column, None, cell_format)
    column = 0
    for first, last in _PIECES:
        shown = f'IFERROR({dialect.part(steps, first, last)},"")'
        page.formula(header, column, shown, style.header, (_MOST_TOKENS + 1, last - first + 1))
        for at in range(column + 1, column + last - first + 1):
            page.sheet.write_blank(header, at, None, style.cell_header if column else style.header)
        column += last - first + 1
    first, last = header + 1, header + _MOST_TOKENS
    here = f"$A{first + 1}"
    for condition, cell_format in (("<", style.chosen), ("=", style.refused), (">", style.cut_first)):
        rule = {"type": "formula", "criteria": f"=AND(ISNUMBER({here}),{here}{condition}{step})", "format": cell_format}
        page.sheet.conditional_format(first, _STEP, last, _ID, rule)
    page.row = last + 1
