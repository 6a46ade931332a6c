"""`1_anatomy.xlsx`: follows a prompt through the whole model to the next token, with every number in a cell."""

from __future__ import annotations

from udfs.models.demo.prompts import ADVERB
from workbook_templates import start_tab, walkthrough
from workbook_templates import style as look
from workbook_templates.anatomy.block import write_block
from workbook_templates.anatomy.embeddings import TOKEN_TABLE, write_embeddings, write_tokens
from workbook_templates.anatomy.head import write_head
from workbook_templates.anatomy.weights import WEIGHTS, write_weights
from workbook_templates.book import Book
from workbook_templates.prompt_tab import PromptTab, write_prompt
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

PROMPT = ADVERB

_TAB = PromptTab(
    template="anatomy",
    token_table=TOKEN_TABLE,
    edits="weight_edits",
    model_note="Names the model and passes your edits on the tab Weights to every formula.",
    guarded=False,
)

STOPS = (*walkthrough.STOPS, WEIGHTS)


def write(book: Book, prompt: str | None, model: str | None) -> None:
    """Writes every tab, in the order in which a prompt passes through them, and then Start."""
    start = start_tab.start_page(book)
    prompt_cell = write_prompt(book, _TAB, PROMPT if prompt is None else prompt, model)
    write_tokens(book)
    stream = write_embeddings(book)
    first_edit = mlp = ""
    for layer in range(book.shape.n_layer):
        block = write_block(book, layer, stream)
        stream, first_edit = block.out, first_edit or block.first_edit
        mlp = mlp or block.steps["mlp c_proj"].cells.rows(0, 1).columns(0, 1).there
    write_head(book, stream)
    weight_edit, *others = write_weights(book)
    silenced = Try(
        "Weights",
        weight_edit,
        "scale",
        "Block 0's MLP is switched off: step 11 of the block is all zeros. The tab Head shows the new answer.",
        mlp,
        0.0,
        tuple(zip(others, ("h.0.mlp", "0"), strict=True)),
    )
    _write_start(start, (*walkthrough.tries(prompt_cell, first_edit), silenced))


def _write_start(page: Page, tries: tuple[Try, ...]) -> None:
    page.furniture(
        "GPT-2, opened up: from a prompt to the next token",
        (
            "A language model reads a text and predicts which token will come next. Here you can watch one do it:",
            "every number along the way is in a cell. You can change the prompt, the stream and the weights.",
        ),
    )
    start_tab.now(page)
    start_tab.things_to_try(page, tries, "To undo, clear the yellow cells, or reopen the file without saving.")
    start_tab.tabs(page)
    start_tab.legend(page, look.LEGEND)
    start_tab.finish(page)
