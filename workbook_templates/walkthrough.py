"""Texts about a prompt's path through the model, for the workbook with functions and the one without."""

from __future__ import annotations

from udfs.models.demo.prompts import TUESDAY
from workbook_templates import start_tab
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Change, Try

EMBEDDINGS = (
    "Each token becomes a row of numbers learned in training: one row for the token plus one for its position.",
    "Their sum is the start of the residual stream: one row per token, one column per channel. Each block adds to it.",
)
BLOCK = (
    "A block reads the residual stream twice and adds to it twice: first attention, then the MLP.",
    "Attention (steps 1 to 7) moves information between tokens. The MLP (8 to 12) works on each token by itself.",
)
HEAD = (
    "Only the last token's row is used to predict what comes next. It is compared with the embedding of every token:",
    "the better the match, the higher that token's logit. Softmax turns the logits into probabilities.",
)

_A_ROW = 6  # links side by side


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
            "One number in the stream changes, and so does everything after it, down to the probabilities on Head.",
            "next_tokens",
            Change.OTHER,
        ),
    )


def write_map(page: Page) -> None:
    """Links to the tabs that a prompt passes through."""
    page.section("The path of a prompt, tab by tab")
    start_tab.stop(page, "Prompt", "The text goes in; the answer comes out.")
    start_tab.stop(page, "Tokens", "The text is cut into tokens: pieces, each with an id.")
    start_tab.stop(page, "Embeddings", "Each token becomes a row of numbers: the residual stream.")
    write_links(page, "Block", "Each block adds the outputs of its attention and its MLP to the stream:")
    start_tab.stop(
        page, "Head", "The last row becomes a probability for every token, and the most likely token is chosen."
    )


def write_links(page: Page, name: str, text: str) -> None:
    """Links to the tabs with this name, one for each block, several in a row."""
    count = page.book.shape.n_layer
    page.text(page.row, start_tab.LINK, f"{name} 0 to {count - 1}", page.style.bold)
    page.text(page.row, start_tab.TEXT, text, page.style.text)
    page.row += 1
    for number in range(count):
        row, column = divmod(number, _A_ROW)
        page.link(page.row + row, start_tab.TEXT + column, f"{name} {number}", "A1", f"{name} {number}")
    page.row += -(-count // _A_ROW)
