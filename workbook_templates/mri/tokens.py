"""The tab Tokens: the prompt cut into tokens, and the most likely next tokens."""

from __future__ import annotations

from workbook_templates.book import Book
from workbook_templates.grids import unless_message
from workbook_templates.next_tokens import COLUMNS, write_next_tokens
from workbook_templates.prompt_tab import write_prompt_tokens
from workbook_templates.sheet import Page

TOKEN_TABLE = "Tokens!$A$7"  # the cell that the table of tokens spills from

_SHOWN = 10  # tokens in the table of next tokens
_NEXT = 4  # its first column


def write_tokens(book: Book) -> None:
    """Writes the tab and names its tables. The cells below the tokens are free, so that a long prompt has room."""
    page = Page(book, "Tokens", (11.5, 22, 11, 4, 9, 22, 11, 11, 14))
    page.furniture(
        "Tokens",
        (
            "Left: the text, cut into tokens: words and parts of words. They are the columns of the other tabs.",
            "Right: the model's final prediction, the ten tokens that are most likely to come next.",
            "The other tabs ask where in the model this answer comes from.",
        ),
    )
    style = page.style
    for column, text in ((0, "The tokens"), (_NEXT, "The most likely next tokens")):
        page.text(page.row, column, text, style.bold)
    page.row += 1
    header = page.row
    assert page.place(header, 0) == TOKEN_TABLE
    write_prompt_tokens(page, 0)
    page.row = header
    predicted = write_next_tokens(page, _NEXT, f"GPT2_PREDICT(prompt_used,{_SHOWN},1,model_used)", _SHOWN)
    book.name("next_tokens", page.place(header, _NEXT, header + _SHOWN, _NEXT + COLUMNS - 1))
    page.row += 1
    page.text(page.row, _NEXT, "chosen", style.bold)
    likeliest = page.at(header + 1, _NEXT + 1)
    page.formula(page.row, _NEXT + 1, unless_message(predicted, likeliest, predicted), style.result)
    page.mark_errors(page.row, _NEXT + 1)
    book.name("next_token", page.place(page.row, _NEXT + 1))
    page.sheet.freeze_panes(header + 1, 0)
    page.sheet.print_area(0, 0, header + book.shape.tokens, _NEXT + COLUMNS - 1)
