"""`1_anatomy.xlsx`: follows a prompt through the whole model to the next token, with every number in a cell."""

from __future__ import annotations

from collections.abc import Sequence

from udfs.models.demo.prompts import ADVERB
from workbook_templates import start_tab, walkthrough
from workbook_templates import style as look
from workbook_templates.anatomy.block import write_block
from workbook_templates.anatomy.embeddings import TOKEN_TABLE, write_embeddings, write_tokens
from workbook_templates.anatomy.head import write_head
from workbook_templates.anatomy.weights import WEIGHTS, write_weights
from workbook_templates.block import Block
from workbook_templates.book import Book
from workbook_templates.prompt_tab import PromptTab, write_prompt
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

PROMPT = ADVERB

_TAB = PromptTab(
    template="anatomy",
    token_table=TOKEN_TABLE,
    edits="weight_edits",
    model_note="The model that every formula uses, with your edits from the tab Weights.",
    guarded=False,
)

STOPS = (*walkthrough.STOPS, WEIGHTS)


def write(book: Book, prompt: str | None, model: str | None) -> None:
    """Writes every tab, in the order in which a prompt passes through them, and then Start."""
    start = start_tab.start_page(book)
    prompt_cell = write_prompt(book, _TAB, PROMPT if prompt is None else prompt, model)
    write_tokens(book)
    stream = write_embeddings(book)
    blocks: list[Block] = []
    for layer in range(book.shape.n_layer):
        blocks.append(write_block(book, layer, blocks[-1].out if blocks else stream))
    write_head(book, blocks[-1].out)
    weight_edit, *others = write_weights(book)
    silenced = Try(
        "Weights",
        weight_edit,
        "scale",
        "Block 0's MLP is switched off: its step 11 is all zeros. The tab Head shows what the model predicts now.",
        blocks[0].steps["mlp c_proj"].cells.rows(0, 1).columns(0, 1).there,
        0.0,
        tuple(zip(others, ("h.0.mlp", "0"), strict=True)),
    )
    _write_start(start, blocks, (*walkthrough.tries(prompt_cell, blocks[0].first_edit), silenced, *_words(prompt_cell)))


def _words(prompt: str) -> tuple[Try, Try]:
    """Two words that no vocabulary has."""
    return (
        Try(
            "Prompt",
            prompt,
            "Mike studies funology",
            "A made-up word is no problem: it falls into pieces that the model knows, fun and ology.",
            "Tokens!B11",
            "ology",
        ),
        Try(
            "Prompt",
            prompt,
            "The player fears a reinjury",
            "You read re-injury. GPT-2 reads rein and jury: its pieces know nothing of word roots.",
            "Tokens!B13",
            "jury",
        ),
    )


def _write_start(page: Page, blocks: Sequence[Block], tries: Sequence[Try]) -> None:
    page.furniture(
        "GPT-2, opened up: from a prompt to the next token",
        (
            "Which word comes next? A language model turns this word problem into a maths problem: words become "
            "numbers, the",
            "numbers are multiplied and added, and the result becomes a word again. Here every number is in a cell, "
            "and you can change it.",
        ),
    )
    walkthrough.write_map(page, blocks)
    start_tab.now(page)
    start_tab.things_to_try(
        page, tries, "To undo, clear the yellow cells, or close the file without saving and open it again."
    )
    start_tab.tabs(page)
    start_tab.legend(page, look.LEGEND)
    start_tab.finish(page)
