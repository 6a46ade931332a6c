"""`5_pure_formulas.xlsx`: the whole model in native formulas, with its weights in cells and no GPT2_ functions.

It uses only functions that Excel 2016, LibreOffice 7.4 and Google Sheets share, in array formulas of fixed size.
"""

from __future__ import annotations

from collections.abc import Sequence

from udfs.backend import catalogue
from udfs.models.demo.prompts import ADVERB
from workbook_templates import start_tab, walkthrough
from workbook_templates import style as look
from workbook_templates.block import Block
from workbook_templates.book import Book
from workbook_templates.pure.answer import candidates
from workbook_templates.pure.block import write_block
from workbook_templates.pure.bpe import bpe_tables, write_bpe
from workbook_templates.pure.contents import Bits, Contents
from workbook_templates.pure.effort import calculation_advice
from workbook_templates.pure.head import SHOWN, write_head
from workbook_templates.pure.prompt import PromptTab
from workbook_templates.pure.tokens import write_embeddings, write_tokens
from workbook_templates.pure.weights import (
    block_weights,
    positions,
    vocabulary,
    write_positions,
    write_vocabulary,
    write_weights,
)
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Change, Try
from workbook_templates.stops import Stop

PROMPT = ADVERB
STOPS = (
    *walkthrough.STOPS,
    Stop(
        "Characters",
        "The text is cut into words, character by character.",
        "A space begins the word after it, so most words begin with one.",
    ),
    Stop(
        "Merges",
        "Each word is cut into tokens, merge by merge.",
        "A common word is one token after its last merge; a rare word stays in several pieces.",
    ),
    Stop(
        "BPE",
        "All tokens, and the merges that make them.",
        "The first merges make frequent pairs of letters, the last ones whole words.",
    ),
    Stop(
        "Vocabulary",
        "A row of numbers for each token.",
        "The same rows are used twice: to turn tokens into numbers, and to turn the last row into logits.",
    ),
    Stop(
        "Positions",
        "A row of numbers for each position in the prompt.",
        "Without these rows, the model could not tell the order of the words.",
    ),
    Stop(
        "Weights",
        "The weights of each block, as tables:",
        "What this block has learned is the same for every prompt. Type over a number, and all that follows changes.",
    ),
)
_TRIED = "mlp.c_proj.bias"
_WEIGHT = {"weight": ("0.123", "Weight: a number learned in training. You can type over it.")}


def write(book: Book, prompt: str | None, model: str | None, bits: Bits | None = None) -> None:
    """Writes every tab in the order in which a prompt passes through them, then the tabs of the weights, then Start."""
    contents = Contents(catalogue.load(catalogue.DEMO if model is None else model), bits)
    if contents.is_large:
        book.workbook.set_calc_mode("manual")
    start = start_tab.start_page(book)
    typed = PROMPT if prompt is None else prompt
    answer = candidates(contents, typed, SHOWN) if contents.is_large and typed else []
    advice = calculation_advice(contents.config, book.shape.tokens) if contents.is_large else ()
    prompt_tab = PromptTab(book, contents, typed, answer[0].token if answer else "", advice)
    rows = vocabulary(contents)
    tokens = write_tokens(book, bpe_tables(), rows)
    prompt_tab.finish(tokens)
    stream = write_embeddings(book, tokens, rows, positions(contents))
    blocks: list[Block] = []
    for layer in range(contents.config.n_layer):
        blocks.append(write_block(book, contents, layer, blocks[-1].out if blocks else stream, tokens))
    write_head(book, contents, blocks[-1].out, tokens, rows, answer)
    write_bpe(book)
    write_vocabulary(book, contents)
    write_positions(book, contents)
    for layer in range(contents.config.n_layer):
        write_weights(book, contents, layer)
    tried = block_weights(contents.config, 0, "Weights 0", contents.bits)[_TRIED]
    weight = tried.sheet, start.at(tried.row, tried.column)
    _write_start(start, advice, blocks, prompt_tab.cell, weight)


def _write_start(
    page: Page, advice: Sequence[str], blocks: Sequence[Block], prompt: str, weight: tuple[str, str]
) -> None:
    """The cells to try are the prompt, the first edit cell of Block 0, and `weight`: a tab and a cell."""
    page.furniture(
        "A whole language model in plain spreadsheet formulas",
        (
            "From a prompt to the next token with MMULT, EXP, SUM and other built-in functions: no Python, no add-in.",
            "Every weight and every number is in a cell. You can change the prompt, the stream and the weights.",
            *advice,
        ),
    )
    walkthrough.write_map(page, blocks)
    start_tab.now(page)
    tries = (
        *walkthrough.tries(prompt, blocks[0].first_edit),
        Try(
            *weight,
            "10",
            "One weight of Block 0's MLP changes, and so does the output of the block for every token.",
            "next_tokens",
            Change.OTHER,
        ),
    )
    start_tab.things_to_try(page, tries)
    start_tab.tabs(page)
    start_tab.legend(page, look.LEGEND | _WEIGHT)
    start_tab.finish(page)
