"""The tabs Block 0, Block 1, ...: one transformer block step by step, from top to bottom."""

from __future__ import annotations

from workbook_templates import walkthrough
from workbook_templates.anatomy.embeddings import LABELS
from workbook_templates.band import Band
from workbook_templates.bands import AFTER_STATISTICS, BandPage
from workbook_templates.block import Block, InFunctions, Summary, write_steps
from workbook_templates.book import Book


def write_block(book: Book, layer: int, incoming: Band) -> Block:
    """Writes one block's tab."""
    page = BandPage(
        book,
        f"Block {layer}",
        f"Block {layer}",
        (
            walkthrough.BLOCK,
            "Blue is below zero, orange above. To change a weight of this block, use the tab Weights.",
        ),
        labels=LABELS,
        first=AFTER_STATISTICS,
    )
    summary = Summary(page, answer=True)
    is_last = layer == book.shape.n_layer - 1
    block = write_steps(page, incoming, InFunctions(layer, is_last))
    summary.fill(block)
    page.finish()
    return block
