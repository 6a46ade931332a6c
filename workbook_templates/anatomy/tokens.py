"""The tab Tokens: the prompt cut into tokens, and how, merge by merge."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.anatomy.places import TOKEN_TABLE
from workbook_templates.book import Book
from workbook_templates.sheet import Page

_STEPS = 4  # the column in which the merges begin
_RANK = _STEPS + 2
_STEPS_A_TOKEN = 8  # rows reserved for them


def write_tokens(book: Book) -> None:
    """Writes the tab. Nothing stands under its two tables, so that a long prompt may grow."""
    page = Page(book, "Tokens", (11.5, 22, 11, 4, 22, 26, look.POSITION_WIDTH, 60))
    page.furniture(
        "Tokens",
        (
            "The model does not read letters. The text is cut into tokens: words and parts of words, each with its id.",
            "GPT-2 knows 50,257 of them. A space before a word belongs to its token.",
            "At the right: a word starts as single letters; again and again, the neighbours of lowest rank are joined.",
        ),
    )
    for column, title in ((0, "The tokens"), (_STEPS, "How they came about, merge by merge")):
        page.text(page.row, column, title, page.style.bold)
    page.row += 1
    assert page.place(page.row, 0) == TOKEN_TABLE
    page.sheet.set_column(_RANK, _RANK, look.POSITION_WIDTH, page.style.position)
    for column in (1, 2, *range(_STEPS, _STEPS + 4)):
        other = {2: page.style.header_right, _RANK: page.style.header_centred}
        page.sheet.write_blank(page.row, column, None, other.get(column, page.style.header))
    tokens = book.shape.tokens
    page.formula(page.row, 0, "GPT2_TOKENIZE(text_read)", page.style.header, (tokens + 1, 3))
    steps = _STEPS_A_TOKEN * tokens + 1
    page.formula(page.row, _STEPS, "GPT2_BPE_STEPS(text_read)", page.style.header, (steps, 4))
    page.mark_errors(page.row, 0, page.row, _STEPS)
    for column, cell_format in ((0, page.style.position), (1, page.style.token), (2, page.style.whole)):
        for row in range(page.row + 1, page.row + 1 + book.shape.tokens):
            page.sheet.write_blank(row, column, None, cell_format)
    book.name("tokens", page.place(page.row, 0, page.row + book.shape.tokens, 2))
    page.sheet.freeze_panes(page.row + 1, 0)
    page.sheet.print_area(0, 0, page.row + 2 * book.shape.tokens, _STEPS + 3)
