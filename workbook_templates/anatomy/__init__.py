"""`1_anatomy.xlsx`: follows a prompt through the whole model to the next token, with every number in a cell."""

from __future__ import annotations

from workbook_templates.anatomy.block import write_block
from workbook_templates.anatomy.embeddings import write_embeddings
from workbook_templates.anatomy.head import write_head
from workbook_templates.anatomy.places import TOKEN_TABLE
from workbook_templates.anatomy.start import write_start
from workbook_templates.anatomy.tokens import write_tokens
from workbook_templates.anatomy.weights import write_weights
from workbook_templates.book import Book
from workbook_templates.prompt_tab import PromptTab, write_prompt
from workbook_templates.start_tab import start_page

PROMPT = "Mike is quick. He moves"

_TAB = PromptTab(
    template="anatomy",
    token_table=TOKEN_TABLE,
    edits="weight_edits",
    second_line="The whole workbook is computed from the two yellow cells below and your edits on the other tabs.",
    model_note="Names the model and passes your edits on the tab Weights to every formula.",
)


def write(book: Book, prompt: str | None, model: str | None) -> None:
    """Writes every tab, in the order in which a prompt passes through them, and then Start."""
    start = start_page(book)
    prompt_cell = write_prompt(book, _TAB, PROMPT if prompt is None else prompt, model)
    write_tokens(book)
    stream, before = write_embeddings(book), "Embeddings"
    first_edit = ""
    for layer in range(book.shape.n_layer):
        stream, edits = write_block(book, layer, stream, before)
        first_edit, before = first_edit or edits, f"Block {layer}"
    write_head(book, stream, before)
    weight_edit = write_weights(book)
    write_start(start, prompt_cell, first_edit, weight_edit)
