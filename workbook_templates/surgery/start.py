"""The tab Start: what the workbook shows, what to try, where everything is, what the colours mean."""

from __future__ import annotations

from collections.abc import Sequence

from workbook_templates import start_tab
from workbook_templates import style as look
from workbook_templates.prompt_tab import PROMPT
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try
from workbook_templates.surgery import ablation, contrast, pca, sae_feature, sweep, weight_edits
from workbook_templates.surgery.overview import OVERVIEW, Done

_LEGEND = {
    "input": look.LEGEND["input"],
    "weight": ("0.123", "A weight: what the model learned in training."),
    "value": look.LEGEND["value"],
    "result": look.LEGEND["result"],
    "negative": ("-1.234", "In vectors and streams: a value below zero, the bluer the further."),
    "positive": ("1.234", "In vectors and streams: a value above zero, the more orange the further."),
    "wrong": look.LEGEND["wrong"],
}
_ANSWER = 9  # column
_STOPS = (
    (PROMPT, "The text goes in, and the model is chosen."),
    (OVERVIEW, "What the model says by itself, and what it says after each operation."),
    (sae_feature.TAB, "One idea, found by a sparse autoencoder, is added to the model's thoughts."),
    (contrast.TAB, "The difference of two texts is added."),
    (pca.TAB, "What pairs of texts differ in is added."),
    (sweep.TAB, "One of these operations at many strengths, as a chart."),
    (ablation.TAB, "Heads, attentions and MLPs are switched off."),
    (weight_edits.TAB, "Single weights are changed."),
)


def write_start(page: Page, coefficient: str, plus: str, operation: str, done: Sequence[Done]) -> None:
    """Writes the tab; the cells are those to try, on the tabs SAE feature, Contrast and Coefficient sweep."""
    page.furniture(
        "Brain surgery on GPT-2: change what it thinks, and see what it says",
        (
            "Asked to go on with a text, the model says one thing. Reach into it while it reads, and it says another.",
            "Every operation is a vector, a switch or a number in a cell; its answer stands beside the model's own.",
        ),
    )
    start_tab.now(page)
    tries = (
        Try(
            sae_feature.TAB,
            coefficient,
            "0",
            "The Jedi feature is off, and Mike pulls out his phone again. With 127 demo cannot decide.",
        ),
        Try(
            contrast.TAB,
            plus,
            "The wizard pulls out his",
            "Another direction, another answer: Mike pulls out his wand.",
        ),
        Try(
            sweep.TAB,
            operation,
            "PCA",
            "The sweep is made again with another operation: see where the lines cross.",
        ),
    )
    start_tab.things_to_try(page, "Three things to try", tries, "To undo, type the old value, or open the file anew.")
    page.section("The tabs")
    page.text(page.row - 1, _ANSWER, "answer now", page.style.heading)
    answers = {item.tab: item.answer for item in done}
    for sheet, text in _STOPS:
        if sheet in answers:
            page.formula(page.row, _ANSWER, answers[sheet], page.style.token)
            page.mark_errors(page.row, _ANSWER)
        start_tab.stop(page, sheet, text)
    page.row += 1
    start_tab.legend(page, _LEGEND)
    start_tab.finish(page)
