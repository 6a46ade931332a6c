"""`2_mri.xlsx`: looks inside the model while it answers, without changing it."""

from __future__ import annotations

from collections.abc import Sequence

from udfs.backend import catalogue, model_text
from udfs.backend.gpt2 import tokenizer
from udfs.backend.interpret.places import Component
from workbook_templates import start_tab
from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.mri.attention import write_attention, write_heads, write_scores
from workbook_templates.mri.attribution import write_attribution
from workbook_templates.mri.circuit import write_circuit
from workbook_templates.mri.lens import write_lens, write_track
from workbook_templates.mri.patching import write_patching
from workbook_templates.next_tokens import TOKEN_TABLE, write_tokens
from workbook_templates.prompt_tab import PromptTab, write_prompt
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

PROMPT = "If today is Tuesday, tomorrow is"
RIVAL = " Tuesday"  # what the model predicts in earlier layers, before it finds the answer

_TAB = PromptTab(
    template="mri",
    token_table=TOKEN_TABLE,
    second_line="The tabs after Tokens show how the model arrives at its answer.",
)

# Heads and MLPs to tick at first. `gpt2-excel circuit` found that those of demo are enough for the seven days; those of
# gpt2 are a guess.
_LAYERS_9_AND_10 = tuple(Component(layer, "attn", head) for layer in (9, 10) for head in range(12))
CIRCUITS = {
    "demo": (
        Component(0, "mlp"),
        *(Component(6, "attn", head) for head in (0, 4, 7)),
        Component(10, "mlp"),
        Component(11, "mlp"),
    ),
    "gpt2": (Component(0, "mlp"), Component(9, "mlp"), *_LAYERS_9_AND_10),
}
_ORIGINS = {
    "demo": "`gpt2-excel circuit` found these six parts for demo: without any one of them, some day comes out wrong.",
    "gpt2": "These parts of GPT-2 are a guess, not the result of a search: which of the ticks can you remove?",
}
_ALL_TICKED = "Everything is ticked: remove the parts that the answers do not need."
# The head shown at first. Demo's looks from the end of the prompt to the day, GPT-2's looks one token back.
_HEADS = {"demo": (6, 4), "gpt2": (4, 11)}
_STOPS = (
    ("Prompt", "Type the text and choose the model."),
    ("Tokens", "The pieces of the text, and the ten most likely next tokens."),
    ("Logit lens", "What the model would predict after each layer: how the answer forms."),
    ("Track a token", "One token's probability and rank through the layers, as charts."),
    ("Attention", "Where one head looks, why, and what it writes."),
    ("All heads", "Where all heads look, as thumbnails."),
    ("Head scores", "Which heads look one token back, at copies of a token, or at what followed a copy."),
    ("Attribution", "What each part of the model adds to the answer's logit."),
    ("Circuit", "Which parts are enough to name the next day: tick them."),
    ("Patching", "Which values of one run restore its answer in another run."),
)
_LEGEND = {
    **{name: look.LEGEND[name] for name in ("input", "value", "result")},
    "attention": ("0.50", "A share or a probability: the greener, the more."),
    "positive": ("1.23", "Above zero: it favours the answer, or restores it."),
    "negative": ("-1.23", "Below zero: it works against the answer."),
    "wrong": look.LEGEND["wrong"],
}


def write(book: Book, prompt: str | None, model: str | None) -> None:
    """Writes every tab."""
    name = model_text.parse(model or "").name or catalogue.default_name()
    start = start_tab.start_page(book)
    text = PROMPT if prompt is None else prompt
    prompt_cell = write_prompt(book, _TAB, text, model)
    write_tokens(book)
    write_lens(book)
    followed = write_track(book, RIVAL)
    write_attention(book, *_HEADS.get(name, (0, 0)))
    write_heads(book, len(tokenizer.encode(text)) + 1)
    repeated = write_scores(book)
    write_attribution(book)
    first_mlp = write_circuit(book, CIRCUITS.get(name), _ORIGINS.get(name, _ALL_TICKED))
    write_patching(book)
    _write_start(
        start,
        (
            Try(
                "Prompt",
                prompt_cell,
                "Mike is quick. He moves",
                'All tabs show the new prompt. On Logit lens, see in which layer the answer "quickly" appears.',
            ),
            Try(
                "Track a token",
                followed,
                " Friday   with a space before it",
                "A day that does not win: its final rank is 4, but its probability is near 0 after every layer.",
            ),
            Try(
                "Circuit",
                first_mlp,
                "nothing, just clear the cell",
                "MLP 0 is no longer at work, and most of the seven days come out wrong.",
            ),
            Try(
                "Head scores",
                repeated,
                "cat lamp river cat lamp river",
                "Another phrase that repeats. In demo, head 11 of layer 10 now has the highest induction score.",
            ),
        ),
    )


def _write_start(page: Page, tries: Sequence[Try]) -> None:
    page.furniture(
        "GPT-2 under the scanner: where does an answer come from?",
        (
            "The model reads the prompt and predicts the next token. These tabs look inside it while it does so:",
            "when the answer appears, which heads look where, which parts favour it, and which parts it needs.",
        ),
    )
    start_tab.now(page)
    start_tab.things_to_try(page, tries)
    start_tab.tabs(page, _STOPS)
    start_tab.legend(page, _LEGEND)
    start_tab.finish(page)
