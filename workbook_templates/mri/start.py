"""The tab Start: what the workbook shows, what to try, where everything is, what the colours mean."""

from __future__ import annotations

from collections.abc import Sequence

from workbook_templates import start_tab
from workbook_templates import style as look
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

_STOPS = (
    ("Prompt", "The text goes in; the model is chosen."),
    ("Tokens", "The pieces of the text, and the ten most likely next tokens."),
    ("Logit lens", "What the model would say after each layer: how the answer forms."),
    ("Track a token", "One token's probability and rank through the layers, as charts."),
    ("Attention", "Where one head looks."),
    ("All heads", "Where all heads look, as thumbnails."),
    ("Head scores", "Which heads look one token back, at copies, or at what followed them."),
    ("Attribution", "What each part of the model adds to the answer's logit."),
    ("Circuit", "Which parts are enough to name the day after: tick them."),
    ("Patching", "Which piece of one run brings back the answer in another."),
)
_LEGEND = {
    **{name: look.LEGEND[name] for name in ("input", "value", "result")},
    "attention": ("0.50", "A share or a probability: the greener, the more."),
    "positive": ("1.23", "Above zero: it speaks for the answer, or brings it back."),
    "negative": ("-1.23", "Below zero: it speaks against the answer."),
    "wrong": look.LEGEND["wrong"],
}


def write_start(page: Page, tries: Sequence[Try]) -> None:
    """Writes the tab, with things to try."""
    page.furniture(
        "GPT-2 under the scanner: where does an answer come from?",
        (
            "The model reads the prompt and says which token comes next. These tabs look at it while it does so:",
            "when the answer appears, which heads look where, which parts speak for it, and which ones it needs.",
        ),
    )
    start_tab.now(page)
    start_tab.things_to_try(page, "Things to try", tries, "To undo, press Ctrl+Z, or open the file anew.")
    page.section("The tabs")
    for sheet, text in _STOPS:
        start_tab.stop(page, sheet, text)
    page.row += 1
    start_tab.legend(page, _LEGEND)
    start_tab.finish(page)
