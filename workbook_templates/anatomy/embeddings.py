"""The tab Embeddings: each id becomes a row of numbers, the residual stream that enters Block 0."""

from __future__ import annotations

from workbook_templates import walkthrough
from workbook_templates.anatomy.tokens import TOKEN_TABLE
from workbook_templates.bands import IDS, Band, BandPage
from workbook_templates.book import Book
from workbook_templates.places import READY

LABELS = "Embeddings!$A$8#"  # the position and token of every row, spilled once and read by every band


def write_embeddings(book: Book) -> Band:
    """Writes the tab and returns the stream that enters Block 0."""
    page = BandPage(
        book,
        "Embeddings",
        "Embeddings",
        walkthrough.EMBEDDINGS,
        labels=LABELS,
    )
    body = book.dialect.body
    page.heading("ids", "The ids of the tokens, from the tab Tokens.", ())
    ids = page.band(
        f'IF(status="{READY}",{body(f"{TOKEN_TABLE}#", columns=2)},status)',
        headers=_id_header,
        labels=f'IF(status="{READY}",{body(f"{TOKEN_TABLE}#", columns=-1)},"")',
        shown=IDS,
        columns=1,
    )
    assert f"{page.place(ids.row, 0)}#" == LABELS
    page.heading("token", "Token embedding: the row of the table wte.weight that the id points to.", ())
    token = page.band(f"GPT2_EMBED({ids.spill},model)")
    page.heading("position", "Position embedding: the row of the table wpe.weight that the position points to.", ())
    position = page.band(f"GPT2_POSITION({ids.spill},model)")
    page.heading("sum", "Token plus position: the residual stream that enters Block 0.", ())
    stream = page.band(page.sum_of(token, position))
    page.finish("Tokens", "Block 0")
    return stream


def _id_header(cell: str) -> tuple[str]:
    return ('"id"',)
