"""Texts about a prompt's path through the model, for the workbook with functions and the one without."""

from __future__ import annotations

from udfs.models.demo.prompts import TUESDAY
from workbook_templates.start_tab import Change, Try
from workbook_templates.stops import Stop

EMBEDDINGS = (
    "Each token becomes a row of learned numbers: one row for the token plus one for its position. The sum is the "
    "start "
    "of the residual stream: a row per token, a column per channel."
)
BLOCK = (
    "A block reads the residual stream twice and adds to it twice. Attention (steps 1 to 7) moves information between "
    "tokens. The MLP (steps 8 to 12) works on each token by itself."
)
HEAD = (
    "Only the last token's row is used to predict what comes next. It is compared with the embedding of every token:",
    "the better the match, the higher that token's logit. Softmax turns the logits into probabilities.",
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
        "Each block adds the outputs of its attention and its MLP to the stream:",
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
            "One number in the stream changes, and so does everything after it, down to the probabilities on Head.",
            "next_tokens",
            Change.OTHER,
        ),
    )
