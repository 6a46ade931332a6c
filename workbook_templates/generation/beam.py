"""The tab Beam: the most likely texts that beam search finds, and how it finds them."""

from __future__ import annotations

from xlsxwriter.utility import xl_col_to_name

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import labelled_input, table, title, whole_number
from workbook_templates.sheet import Page

TAB = "Beam"

_MOST_TOKENS, _MOST_BEAMS = 20, 8
_PRINTED = 40  # rows of the steps
_PROBABILITY, _BECOMES = 3, 5  # columns of the steps


def write_beam(book: Book) -> str:
    """Writes the tab. Returns the address of the best text."""
    page = Page(book, TAB, (12, 12, 18, 16, 16, 12, 66), kind="result")
    page.furniture(
        TAB,
        (
            "Greedy takes the most likely token each time, yet the most likely text may begin with another token.",
            "Beam search follows several texts at once. At each step it continues each in every possible way, and "
            "keeps those that are most likely as a whole. Finished texts are ranked by log-probability per token.",
        ),
    )
    title(page, "You choose")
    tokens = labelled_input(page, "tokens", 16, f"The most tokens to generate, 1 to {_MOST_TOKENS}.")
    beams = labelled_input(page, "beams", 4, f"How many texts are followed at once, 1 to {_MOST_BEAMS}.")
    whole_number(page, tokens, 1, _MOST_TOKENS)
    whole_number(page, beams, 1, _MOST_BEAMS)
    page.row += 1
    title(page, "Greedy, for comparison", ("The columns are those of the table below.",))
    _greedy(page, tokens)
    page.row += 1
    title(
        page,
        "The texts found, best first",
        ("The score is the log-probability per token. The closer to 0, the more likely.",),
    )
    style = page.style
    formats = (style.position, style.position, style.number, style.number, style.token_aside)
    best = page.place(page.row + 1, len(formats) - 1)
    table(page, 0, f"GPT2_BEAM(prompt_used,{tokens},{beams},model_used)", formats, _MOST_BEAMS)
    page.row += 1
    title(
        page,
        "Step by step: twice as many candidates as beams",
        ("from: the beam that a candidate continues. becomes: its number in the next step, or ended, or dropped.",),
    )
    _steps(page, f"GPT2_BEAM_STEPS(prompt_used,{tokens},{beams},model_used)")
    page.sheet.freeze_panes(1, 0)
    page.sheet.fit_to_pages(1, 1)
    page.sheet.print_area(0, 0, page.row - 2 * _MOST_BEAMS * _MOST_TOKENS + _PRINTED, 6)
    return best


def _greedy(page: Page, tokens: str) -> None:
    """The greedy text with the same figures: a search with one beam."""
    found = f"GPT2_BEAM(prompt_used,{tokens},1,model_used)"
    page.text(page.row, 0, "greedy", page.style.position)
    formats = (page.style.position, page.style.number, page.style.number, page.style.token_aside)
    for column, cell_format in enumerate(formats, start=1):
        page.formula(page.row, column, f"LET(t,{found},IF(COLUMNS(t)=1,t,INDEX(t,2,{column + 1})))", cell_format)
    page.mark_errors(page.row, 1, page.row, 4)
    page.row += 1


def _steps(page: Page, formula: str) -> None:
    style, header, rows = page.style, page.row, 2 * _MOST_BEAMS * _MOST_TOKENS
    formats = (style.position, style.position, style.token, style.probability, style.number, style.position, style.cell)
    table(page, 0, formula, formats, rows)
    first, last = header + 1, header + rows
    page.sheet.conditional_format(first, _PROBABILITY, last, _PROBABILITY, look.PROBABILITY_BARS)
    becomes = f"${xl_col_to_name(_BECOMES)}{first + 1}"
    for condition, cell_format in (
        (f"ISNUMBER({becomes})", style.chosen),
        (page.book.dialect.has_text(becomes, "ended"), style.finished),
        (page.book.dialect.has_text(becomes, "dropped"), style.cut_first),
    ):
        rule = {"type": "formula", "criteria": f"={condition}", "format": cell_format}
        for column in (2, _BECOMES, _BECOMES + 1):
            page.sheet.conditional_format(first, column, last, column, rule)
    new_step = {"type": "formula", "criteria": f"=AND(ISNUMBER($A{first + 1}),$A{first + 1}<>$A{first})"}
    page.sheet.conditional_format(first, 0, last, 6, {**new_step, "format": style.line_above})
