"""The tab Start: what the workbook shows, things to try, a map of the tabs, the colours."""

from __future__ import annotations

from workbook_templates import start_tab
from workbook_templates import style as look
from workbook_templates.generation.places import BEAM, LOG_PROBABILITIES, SAMPLING, SPECULATION, TEMPERATURE
from workbook_templates.generation.sampling import Choices
from workbook_templates.prompt_tab import PROMPT
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

_STOPS = (
    (PROMPT, "Type the text and choose the model."),
    (SAMPLING, "A text drawn token by token: temperature, top_k, top_p, and the random number that decides."),
    (TEMPERATURE, "The next token's probabilities at lower and higher temperatures, as a chart."),
    (BEAM, "Several texts followed at once, to find the one that is most likely as a whole."),
    (LOG_PROBABILITIES, "How well the model predicts a text, coloured by surprise."),
    (SPECULATION, "A draft model proposes, the model accepts or rejects: faster, and exactly as good."),
)
_LEGEND = {
    **{name: look.LEGEND[name] for name in ("input", "value", "result")},
    "chosen": (" young", "Drawn, accepted, or continued."),
    "cut_first": (" young", "Out: cut by top_k, dropped from the beams, or no longer looked at."),
    "cut_second": (" young", "Cut by top_p."),
    "finished": (" young", "The end of a beam, or a token that the model itself drew."),
    "refused": (" young", "A proposal of the draft that the model rejected."),
    "wrong": look.LEGEND["wrong"],
}


def write_start(page: Page, prompt: str, choices: Choices, text: str, draft: str) -> None:
    """Writes the tab. The arguments are the cells to try."""
    page.sheet.set_column(start_tab.LINK, start_tab.LINK, 30, page.style.text)
    page.furniture(
        "Beyond temperature 0: how a text is chosen from probabilities",
        (
            "The model says how likely each next token is. How to make a text of that is up to us:",
            "take the most likely token, draw one, look for the most likely text, or ask a faster model for proposals.",
        ),
    )
    start_tab.now(page)
    seed, temperature = (cell.replace("$", "") for cell in (choices.seed, choices.temperature))
    start_tab.things_to_try(
        page,
        "Things to try",
        (
            Try(
                SAMPLING,
                seed,
                "7",
                "Other random numbers draw other tokens, so a different text comes out. 13 brings the old one back.",
            ),
            Try(
                SAMPLING,
                temperature,
                "0",
                "The most likely token gets all the probability: whatever the seed, the text is the greedy one.",
            ),
            Try(
                LOG_PROBABILITIES,
                text,
                "Mike is quick. He moves quickly. Anna is a Jedi. She pulls out her lightsaber.",
                "This is what the model expected: two dark tokens turn white, and the perplexity falls.",
            ),
            Try(
                SPECULATION,
                draft,
                "=model",
                "With the model as its own draft, it accepts every proposal.",
            ),
            Try(
                PROMPT,
                prompt,
                "If today is Tuesday, tomorrow is",
                "The model is sure of this one: sampling, beam search and speculative decoding all give Wednesday.",
            ),
        ),
        "To undo, press Ctrl+Z, or reopen the file without saving.",
    )
    page.section("The tabs")
    for sheet, what in _STOPS:
        start_tab.stop(page, sheet, what)
    page.row += 1
    start_tab.legend(page, _LEGEND)
    start_tab.finish(page)
