"""Texts about a prompt's path through the model, for the workbook with functions and the one without."""

from __future__ import annotations

from collections.abc import Sequence

from udfs.models.demo.prompts import TUESDAY
from workbook_templates.bands import AFTER_STATISTICS
from workbook_templates.block import DIRECTION, Block
from workbook_templates.book import READY, Book
from workbook_templates.model_map import Box, Lane, answer_box, text_box, tokens_box, write_model_map
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Change, Try
from workbook_templates.stops import Stop

EMBEDDINGS = (
    "Each token becomes a row of learned numbers: one row for the token plus one for its position. The sum is the "
    "start of the residual stream: a row per token, a column per channel."
)
BLOCK = (
    "A block reads the residual stream twice and adds to it twice. Attention (steps 1 to 7) moves information between "
    "tokens. The MLP (steps 8 to 12) works on each token by itself."
)
HEAD = (
    "The next token comes from the last token's row alone. The row is compared with the embedding of every token:",
    "the better the match, the higher the token's logit. Softmax turns the logits into probabilities.",
)

STOPS = (
    Stop(
        "Prompt",
        "The text goes in; the answer comes out.",
        "Change one word below. The answer changes, and so does every number on the other tabs.",
    ),
    Stop(
        "Tokens",
        "The text is cut into tokens: pieces, each with an id.",
        "A space belongs to the token after it. A common word is one token; a rare word falls into several pieces.",
    ),
    Stop(
        "Embeddings",
        "Each token becomes a row of numbers: the residual stream.",
        "Two copies of a token start with the same row. Only the row of their position tells them apart.",
    ),
    Stop(
        "Block",
        "Each block adds to the stream twice: the output of its attention, then the output of its MLP.",
        "All blocks have the same steps and differ only in their weights. Start with At a glance: where does each head "
        "look?",
    ),
    Stop(
        "Head",
        "The last row becomes a probability for every token, and the most likely token is chosen.",
        "A small lead in logits is a large lead in probability: a difference of 1 makes a token 2.7 times as likely.",
    ),
)


def tries(prompt: str, stream_edit: str) -> tuple[Try, Try]:
    """Another prompt, and an edit of the stream that enters Block 0. The arguments are the cells to type into."""
    return (
        Try(
            "Prompt",
            prompt,
            TUESDAY,
            "The answer becomes Wednesday, and the numbers on every tab change.",
            "next_token",
            " Wednesday",
        ),
        Try(
            "Block 0",
            stream_edit,
            "50",
            "One number in the stream changes, and so does everything after it, up to the probabilities on Head.",
            "next_tokens",
            Change.OTHER,
        ),
    )


def write_map(page: Page, blocks: Sequence[Block]) -> None:
    """The map of a workbook that shows every block."""
    width = page.book.shape.channels
    path = (
        text_box("Prompt"),
        tokens_box("Tokens"),
        Box("Embeddings", f'token_count&" rows of {width} numbers"', "Numbers"),
        Box("Block 0", f'"{len(blocks)} × (attention + MLP)"', "Blocks"),
        answer_box("Head"),
    )
    names = [f"Block {layer}" for layer in range(len(blocks))]
    lanes = (
        Lane("block", "map_block", [Box(name, f'"{layer}"') for layer, name in enumerate(names)]),
        Lane("attention adds  ↓", "map_attention", [_added(page.book, name, "attention adds") for name in names]),
        Lane(
            "residual stream  →",
            "map_stream",
            [_so_far(name, block) for name, block in zip(names, blocks, strict=True)],
        ),
        Lane("MLP adds  ↑", "map_mlp", [_added(page.book, name, "the MLP adds") for name in names]),
    )
    note = (
        "The stream runs through all blocks like a highway, and each block adds to it twice. In numbers: parts of the "
        "answer's logit."
    )
    write_model_map(page, "A word problem becomes a maths problem", path, lanes, note)


def _added(book: Book, tab: str, label: str) -> Box:
    """What a block's attention or MLP adds to the answer's logit, which its tab shows at a glance."""
    block = book.page(tab)
    row, _ = block.cell_of(label)
    return Box(tab, block.place(row, AFTER_STATISTICS), cell=block.at(row, AFTER_STATISTICS))


def _so_far(tab: str, block: Block) -> Box:
    """The part of the answer's logit that is in the stream after a block."""
    last = f"INDEX({block.out.cells.there},token_count,0)"
    value = f'IF(status="{READY}",SUMPRODUCT({last},{DIRECTION}),"")'
    return Box(tab, value, cell=block.out.cell)
