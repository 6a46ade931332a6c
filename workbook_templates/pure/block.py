"""The tabs Block 0, Block 1, ...: one transformer block step by step, from top to bottom."""

from __future__ import annotations

from workbook_templates import walkthrough
from workbook_templates.band import Band
from workbook_templates.bands import AFTER_STATISTICS, BandPage
from workbook_templates.block import Block, InCells, Summary, write_steps
from workbook_templates.book import Book
from workbook_templates.pure.contents import Contents
from workbook_templates.pure.tokens import TokenTable
from workbook_templates.pure.weights import block_weights


def write_block(book: Book, contents: Contents, layer: int, incoming: Band, tokens: TokenTable) -> Block:
    """Writes one block's tab."""
    page = BandPage(
        book,
        f"Block {layer}",
        f"Block {layer}",
        (
            walkthrough.BLOCK,
            f"Blue is below zero, orange above. The weights of this block are on the tab Weights {layer}: click a "
            "formula to see which it uses.",
        ),
        labels=tokens.labels,
        first=AFTER_STATISTICS,
    )
    summary = Summary(page, answer=True)
    block = write_steps(
        page, incoming, InCells(block_weights(contents.config, layer, f"Weights {layer}", contents.bits))
    )
    summary.fill(block)
    page.finish()
    return block
