"""The tab Tokens: the prompt cut into tokens, and how that happens, merge by merge."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.prompt_tab import write_prompt_tokens
from workbook_templates.sheet import Page

TOKEN_TABLE = "Tokens!$A$7"  # the cell that the table of tokens spills from

_STEPS = 4  # the column in which the merges begin
_RANK = _STEPS + 2
_STEPS_A_TOKEN = 8  # rows reserved for the merges of a token


def write_tokens(book: Book) -> None:
    """Writes the tab. The cells below its two tables are free, so that a long prompt has room."""
    page = Page(book, "Tokens", (11.5, 22, 11, 4, 22, 26, look.POSITION_WIDTH, 60))
    page.furniture(
        "Tokens",
        (
            "The model does not read letters. The text is cut into tokens: words and parts of words, each with its id.",
            "GPT-2 knows 50,257 of them. A space before a word belongs to its token.",
            "On the right: a word starts as single letters; again and again, the neighbours of lowest rank are joined.",
        ),
    )
    for column, title in ((0, "The tokens"), (_STEPS, "How they are formed, merge by merge")):
        page.text(page.row, column, title, page.style.bold)
    page.row += 1
    header = page.row
    assert page.place(header, 0) == TOKEN_TABLE
    write_prompt_tokens(page, 0)
    page.sheet.set_column(_RANK, _RANK, look.POSITION_WIDTH, page.style.position)
    for column in range(_STEPS + 1, _STEPS + 4):
        cell_format = page.style.header_centred if column == _RANK else page.style.header
        page.sheet.write_blank(header, column, None, cell_format)
    steps = _STEPS_A_TOKEN * book.shape.tokens + 1
    page.formula(header, _STEPS, "GPT2_BPE_STEPS(text_read)", page.style.header, (steps, 4))
    page.mark_errors(header, _STEPS)
    page.sheet.freeze_panes(header + 1, 0)
    page.sheet.print_area(0, 0, header + 2 * book.shape.tokens, _STEPS + 3)
