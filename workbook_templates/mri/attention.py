"""The tab Attention: where one head looks, why, and what it writes."""

from __future__ import annotations

from typing import Any

from xlsxwriter.format import Format

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import fold, heat_map, labelled_input, table, title, whole_number
from workbook_templates.sheet import Page

NAME = "Attention"

_PRINTED = 18
_WRITTEN = 5


def write_attention(book: Book, layer: int, head: int) -> None:
    """Writes the tab, on which that head is chosen."""
    shape, style = book.shape, book.style
    page = Page(book, NAME, (13, *[9.5] * (shape.tokens + 1)))
    page.furniture(
        NAME,
        (
            "A head carries information from earlier tokens to later ones. Here is where one of them looks.",
            "Row: the token that looks. Column: the token looked at. A row sums to 1; no token sees a later one.",
            "All heads at a glance are on the tab All heads; what each of them is good for, on Head scores.",
        ),
    )
    title(page, "You choose")
    layer_cell = labelled_input(page, "layer", layer, f"0 to {shape.n_layer - 1}")
    whole_number(page, layer_cell, 0, shape.n_layer - 1)
    head_cell = labelled_input(page, "head", head, f"0 to {shape.n_head - 1}")
    whole_number(page, head_cell, 0, shape.n_head - 1)
    page.row += 1
    head_of = f"{layer_cell},{head_cell}"
    title(page, "Where it looks: the greener, the more")
    _square(page, f"GPT2_ATTENTION(prompt_used,{head_of},model_used)", 0, style.cell_share, look.SHARE_SCALE)
    title(
        page,
        "Why it looks there: the scores before softmax, query · key / √(size of a head)",
        ("The last column and row are what a token brings to all its scores alike, whatever the other one is.",),
    )
    _square(page, f"GPT2_KQ(prompt_used,{head_of},model_used)", 1, style.cell_number, look.SIGNED_SCALE)
    title(
        page,
        f"What it writes where it looks at a token: the {_WRITTEN} tokens that become likeliest",
        ("A head that copies puts the token itself among the first: its own rank is low.",),
    )
    formats = (style.token, style.position, *[style.cell] * _WRITTEN)
    table(page, 0, f"GPT2_OV(prompt_used,{head_of},{_WRITTEN},model_used)", formats, shape.tokens)
    fold(page, shape.tokens)
    page.sheet.print_area(0, 0, page.row, min(shape.tokens, _PRINTED))
    page.sheet.fit_to_pages(1, 1)
    page.sheet.freeze_panes(1, 1)


def _square(page: Page, formula: str, more: int, cell_format: Format, scale: dict[str, Any]) -> None:
    """A heat map of tokens x tokens, with so many rows and columns more."""
    tokens = page.book.shape.tokens
    heat_map(page, 0, formula, (tokens + more, tokens + more), cell_format, scale)
    fold(page, tokens, more)
