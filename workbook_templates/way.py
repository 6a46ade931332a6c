"""What is said of a prompt's way through the model, in the workbook with functions and in the one without."""

from __future__ import annotations

from workbook_templates import start_tab
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

EMBEDDINGS = (
    "Each token becomes a row of numbers, learned in training: what the token is, plus where it stands.",
    "Their sum starts the residual stream: a row a token, a column a channel. Each block adds to it.",
)
BLOCK = (
    "A block reads the residual stream twice and adds to it twice: first attention, then the MLP.",
    "Attention (steps 1 to 7) carries information between tokens. The MLP (8 to 12) takes each token alone.",
)
HEAD = (
    "Only the last token's row says what comes next. It is compared with the embedding of every token:",
    "the better they fit, the higher that token's logit. Softmax turns logits into probabilities.",
)

_A_ROW = 6  # links side by side


def tries(prompt: str, stream_edit: str) -> tuple[Try, Try]:
    """Another prompt, and an edit of the stream that enters Block 0; the cells are where to type them."""
    return (
        Try(
            "Prompt",
            prompt,
            "If today is Tuesday, tomorrow is",
            "The answer becomes Wednesday, and the numbers on every tab change with it.",
        ),
        Try(
            "Block 0",
            stream_edit,
            "50",
            "One number of the stream changes. Everything after it does too, down to the probabilities on Head.",
        ),
    )


def write_map(page: Page) -> None:
    """The tabs that a prompt passes through."""
    page.section("The way of a prompt, tab by tab")
    start_tab.stop(page, "Prompt", "The text goes in; the answer comes out.")
    start_tab.stop(page, "Tokens", "The text is cut into tokens, pieces with numbers.")
    start_tab.stop(page, "Embeddings", "Each token becomes a row of numbers: the residual stream.")
    write_links(page, "Block", "Each block adds to the stream what its attention and its MLP find:")
    start_tab.stop(page, "Head", "The last row becomes a probability for every token; the most likely one is chosen.")


def write_links(page: Page, name: str, text: str) -> None:
    """Links to the tabs of that name, one for each block, several in a row."""
    count = page.book.shape.n_layer
    page.text(page.row, start_tab.LINK, f"{name} 0 to {count - 1}", page.style.bold)
    page.text(page.row, start_tab.TEXT, text, page.style.text)
    page.row += 1
    for number in range(count):
        row, column = divmod(number, _A_ROW)
        page.link(page.row + row, start_tab.TEXT + column, f"{name} {number}", "A1", f"{name} {number}")
    page.row += -(-count // _A_ROW)
