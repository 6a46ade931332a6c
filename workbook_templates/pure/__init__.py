"""`5_pure_formulas.xlsx`: the whole model in native formulas, with its weights in cells and no GPT2_ functions.

It uses only functions that Excel 2016, LibreOffice 7.4 and Google Sheets share, in array formulas of fixed size.
"""

from __future__ import annotations

from udfs.backend import catalogue
from workbook_templates.book import Book
from workbook_templates.pure.block import write_block
from workbook_templates.pure.contents import Contents
from workbook_templates.pure.embeddings import write_embeddings
from workbook_templates.pure.head import write_head
from workbook_templates.pure.prompt import PromptTab
from workbook_templates.pure.start import write_start
from workbook_templates.pure.tokens import write_tokens
from workbook_templates.pure.vocabulary import (
    positions,
    vocabulary,
    word_table,
    write_positions,
    write_vocabulary,
    write_words,
)
from workbook_templates.pure.weights import block_weights, write_weights
from workbook_templates.start_tab import start_page

PROMPT = "Mike is quick. He moves"
_TRIED = "mlp.c_proj.bias"


def write(book: Book, prompt: str | None, model: str | None) -> None:
    """Writes every tab in the order in which a prompt passes through them, then the tabs of the weights, then Start."""
    contents = Contents(catalogue.load(catalogue.DEMO if model is None else model))
    start = start_page(book)
    prompt_tab = PromptTab(book, contents, PROMPT if prompt is None else prompt)
    rows = vocabulary(contents)
    tokens = write_tokens(book, word_table(contents), rows)
    prompt_tab.finish(tokens)
    stream = write_embeddings(book, tokens, rows, positions(book, contents))
    first_edit = ""
    for layer in range(contents.config.n_layer):
        block = write_block(
            book, contents, layer, stream, block_weights(contents.config, layer, f"Weights {layer}"), tokens
        )
        stream, first_edit = block.out, first_edit or block.first_edit
    write_head(book, contents, stream, tokens, rows)
    write_words(book, contents)
    write_vocabulary(book, contents)
    write_positions(book, contents)
    for layer in range(contents.config.n_layer):
        write_weights(book, contents, layer)
    tried = block_weights(contents.config, 0, "Weights 0").tensors[_TRIED]
    write_start(start, prompt_tab.cell, first_edit, (tried.sheet, start.at(tried.row, tried.column)))
