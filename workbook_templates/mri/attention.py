"""The tab Attention: where one head looks, why it looks there, and what it writes."""

from __future__ import annotations

from typing import Any

from xlsxwriter.format import Format

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import fold, heat_map, labelled_input, table, title, whole_number
from workbook_templates.sheet import Page

TAB = "Attention"

_PRINTED = 18
_WRITTEN = 5


def write_attention(book: Book, layer: int, head: int) -> None:
    """Writes the tab, with this head chosen at first."""
    shape, style = book.shape, book.style
    page = Page(book, TAB, (13, *[9.5] * (shape.tokens + 1)))
    page.furniture(
        TAB,
        (
            "A head moves information from earlier tokens to later ones. This tab shows where one head looks.",
            "Row: the token that looks. Column: the token looked at. Each row sums to 1. No token sees a later one.",
            "The tab All heads shows all heads at a glance; Head scores shows what each of them is good at.",
        ),
    )
    title(page, "You choose")
    layer_cell = labelled_input(page, "layer", layer, f"0 to {shape.n_layer - 1}")
    whole_number(page, layer_cell, 0, shape.n_layer - 1)
    head_cell = labelled_input(page, "head", head, f"0 to {shape.n_head - 1}")
    whole_number(page, head_cell, 0, shape.n_head - 1)
    page.row += 1
    head_of = f"{layer_cell},{head_cell}"
    title(page, "Where it looks: the greener, the more attention")
    _square(page, f"GPT2_ATTENTION(prompt_used,{head_of},model_used)", 0, style.cell_share, look.SHARE_SCALE)
    title(
        page,
        "Why it looks there: the scores before softmax, query · key / √(head size)",
        ("The last column and row: the part of the scores that depends on only one of the two tokens.",),
    )
    _square(page, f"GPT2_KQ(prompt_used,{head_of},model_used)", 1, style.cell_number, look.SIGNED_SCALE)
    title(
        page,
        f"What it writes when it looks at a token: the {_WRITTEN} tokens that it makes most likely",
        ("A head that copies makes the token itself likely: its own rank is close to 1.",),
    )
    formats = (style.token, style.position, *[style.cell] * _WRITTEN)
    table(page, 0, f"GPT2_OV(prompt_used,{head_of},{_WRITTEN},model_used)", formats, shape.tokens)
    fold(page, shape.tokens)
    page.sheet.print_area(0, 0, page.row, min(shape.tokens, _PRINTED))
    page.sheet.fit_to_pages(1, 1)
    page.sheet.freeze_panes(1, 1)


def _square(page: Page, formula: str, more: int, cell_format: Format, scale: dict[str, Any]) -> None:
    """A heat map of tokens x tokens, with `more` extra rows and columns."""
    tokens = page.book.shape.tokens
    heat_map(page, 0, formula, (tokens + more, tokens + more), cell_format, scale)
    fold(page, tokens, more)
