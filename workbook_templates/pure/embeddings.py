"""The tab Embeddings: each token becomes a row of numbers, the residual stream that enters Block 0."""

from __future__ import annotations

from workbook_templates import walkthrough
from workbook_templates.book import Book
from workbook_templates.pure.page import VALUES, FixedPage, Range
from workbook_templates.pure.tokens import TokenTable
from workbook_templates.pure.vocabulary import Vocabulary


def write_embeddings(book: Book, tokens: TokenTable, vocabulary: Vocabulary, positions: Range) -> Range:
    """Writes the tab and returns the stream that enters Block 0."""
    page = FixedPage(
        book,
        "Embeddings",
        "Embeddings",
        walkthrough.EMBEDDINGS,
        tokens.labels,
    )
    width = vocabulary.rows.width
    page.heading("token", "Token embedding: the token's row on the tab Vocabulary (wte.weight).", ())
    token = page.rows(width)
    for index in range(book.shape.tokens):
        number = tokens.vocabulary_rows.rows(index, 1).there
        page.array(token.rows(index, 1), f'IF({number}="",0,INDEX({vocabulary.rows.there},{number},0))')
    page.heading("position", "Position embedding: the position's row on the tab Positions (wpe.weight).", ())
    room = page.rows(width)
    page.array(room, f'IF({room.positions}="",0,{positions.there})')
    page.heading("sum", "Token plus position: the residual stream that enters Block 0.", ())
    stream = page.fill(f"{token.here}+{room.here}", width)
    assert stream.column == VALUES
    page.finish("Tokens", "Block 0")
    return stream
