"""`1_anatomy.xlsx`: follows a prompt through the whole model to the next token, with every number in a cell."""

from __future__ import annotations

from collections.abc import Sequence

from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from udfs.backend.gpt2.tokenizer import encode, token_text
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import HE_MOVES, SHE_MOVES, TUESDAY
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
from workbook_templates.start_tab import Change, Try

PROMPT = SHE_MOVES

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
    weights = write_weights(book)
    _write_start(start, blocks, (*_tries(book, prompt_cell, blocks, weights), *_words(prompt_cell)))


def _tries(book: Book, prompt: str, blocks: Sequence[Block], weights: tuple[str, str, str]) -> tuple[Try, ...]:
    """What to type: another prompt, an edit of the stream, and an edit of the weights.

    weights: the cells of the first row of the table on the tab Weights: what, where and amount
    """
    found = facts().pronouns
    what, *others = weights
    return (
        Try("Prompt", prompt, HE_MOVES, f"One word, and the answer is{found.he}: he is Mike.", "next_token", found.he),
        *_look(book, prompt, blocks),
        Try("Prompt", prompt, TUESDAY, "The answer is Wednesday, and every tab changes.", "next_token", " Wednesday"),
        *_overwrite(book, blocks[0].first_edit),
        Try(
            "Weights",
            what,
            "scale",
            f"One part's output times {found.factor:g}, and the model takes her for him: the answer is{found.scaled}.",
            "next_token",
            found.scaled,
            tuple(zip(others, (found.part, f"{found.factor:g}"), strict=True)),
        ),
    )


def _look(book: Book, prompt: str, blocks: Sequence[Block]) -> list[Try]:
    """The look of the pronoun's head at Mike, if the workbook has that head and room for the prompt."""
    head, found, ids = facts().pronoun_head, facts().pronouns, encode(HE_MOVES)
    if head.layer >= len(blocks) or head.head >= book.shape.n_head or len(ids) > book.shape.tokens:
        return []
    pronoun, mike = (ids.index(encode(word)[0]) for word in (" He", "Mike"))
    cell = blocks[head.layer].patterns[head.head].cells.rows(pronoun, 1).columns(mike, 1).there
    effect = (
        f"Head {head.head} finds the name that a pronoun means: its look jumps from Anna ({found.her_share:.2f}) "
        f"to Mike ({found.his_share:.2f})."
    )
    return [Try("Prompt", prompt, HE_MOVES, effect, cell, Change.MORE)]


def _overwrite(book: Book, first_edit: str) -> list[Try]:
    """An edit of one number of the stream that enters block 0, if there is such a row and channel."""
    edit = facts().stream_edit
    if edit.position >= book.shape.tokens or edit.channel >= book.shape.channels:
        return []
    row, column = xl_cell_to_rowcol(first_edit)
    cell = xl_rowcol_to_cell(row + edit.position, column + edit.channel)
    word = token_text(encode(SHE_MOVES)[edit.position])
    effect = f"One number in the row of{word}, channel {edit.channel}, is overwritten: the answer is{edit.answer}."
    return [Try("Block 0", cell, f"{edit.value:g}", effect, "next_token", edit.answer)]


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
