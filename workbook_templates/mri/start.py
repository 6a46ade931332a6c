"""The tab Start: what the workbook shows, things to try, a map of the tabs, the colours."""

from __future__ import annotations

from collections.abc import Sequence

from workbook_templates import start_tab
from workbook_templates import style as look
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

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


def write_start(page: Page, tries: Sequence[Try]) -> None:
    """Writes the tab, with these things to try."""
    page.furniture(
        "GPT-2 under the scanner: where does an answer come from?",
        (
            "The model reads the prompt and predicts the next token. These tabs look inside it while it does so:",
            "when the answer appears, which heads look where, which parts favour it, and which parts it needs.",
        ),
    )
    start_tab.now(page)
    start_tab.things_to_try(page, "Things to try", tries, "To undo, press Ctrl+Z, or reopen the file without saving.")
    page.section("The tabs")
    for sheet, text in _STOPS:
        start_tab.stop(page, sheet, text)
    page.row += 1
    start_tab.legend(page, _LEGEND)
    start_tab.finish(page)
