"""`4_generation.xlsx`: beyond the most likely token: sampling, beams, surprise, drafts, rewinding, order, cache."""

from __future__ import annotations

from collections.abc import Sequence

from udfs.models.demo.prompts import PETER_IS, TUESDAY
from workbook_templates import prompt_tab, start_tab
from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.generation import (
    beam,
    log_probabilities,
    order,
    prompt_cache,
    rewind,
    sampling,
    speculation,
    temperature,
)
from workbook_templates.generation.sampling import Choices
from workbook_templates.model_map import Box, Lane, answer_box, text_box, tokens_box, write_model_map
from workbook_templates.prompt_tab import PromptTab, write_prompt
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Change, Like, Try
from workbook_templates.stops import Stop

PROMPT = PETER_IS

_TAB = PromptTab(
    template="generation",
    token_table=log_probabilities.TOKEN_TABLE,
    any_shape=True,
)
STOPS = (
    Stop(
        prompt_tab.TAB,
        "Type the text and choose the model.",
        "The model gives one answer here. The other tabs continue the text in different ways.",
    ),
    Stop(
        sampling.TAB,
        "A text drawn token by token, with the temperature, top_k, top_p, and the random numbers that decide.",
        "The model is the same and so is the prompt. Only the random numbers make one text differ from another.",
    ),
    Stop(
        temperature.TAB,
        "The next token's probabilities at lower and higher temperatures, as a chart.",
        "The order of the tokens never changes. Only the gaps between them do.",
    ),
    Stop(
        beam.TAB,
        "Several texts followed at once, to find the one that is most likely as a whole.",
        "Does the best text begin with the most likely token? Compare its score with that of the greedy text.",
    ),
    Stop(
        log_probabilities.TAB,
        "How well the model predicts a text, coloured by surprise.",
        "A few tokens hold most of the surprise: the words that nothing before them gives away.",
    ),
    Stop(
        speculation.TAB,
        "A draft model proposes, the model accepts or rejects: no text becomes more or less likely.",
        "Compare passes with tokens kept: the large model ran less often than it would have alone.",
    ),
    Stop(
        rewind.TAB,
        "Go back to one step of a text, put another token there, and see it go on.",
        "The runners-up are other stories that were nearly told: try one of them.",
    ),
    Stop(
        order.TAB,
        "The same facts and the same question in another order: no token looks ahead.",
        "Compare the answers and their probabilities: the words are the same, only their order differs.",
    ),
    Stop(
        prompt_cache.TAB,
        "Which rows change when a token is appended, and what it saves to keep the others.",
        "Every row of the text is the same with the token appended. Change the first word, and none is.",
    ),
)
_LEGEND = {
    **{name: look.LEGEND[name] for name in ("input", "value", "result")},
    "chosen": (" young", "Drawn, accepted, or continued."),
    "cut_first": (" young", "Left out: cut by top_k, dropped from the beams, or skipped after a rejection."),
    "cut_second": (" young", "Cut by top_p."),
    "finished": (" young", "The end of a beam, or a token that the large model drew itself."),
    "refused": (" young", "A proposal of the draft that the model rejected."),
    "wrong": look.LEGEND["wrong"],
}


def write(book: Book, prompt: str | None, model: str | None) -> None:
    """Writes every tab."""
    start = start_tab.start_page(book)
    prompt_cell = write_prompt(book, _TAB, PROMPT if prompt is None else prompt, model)
    choices = sampling.write_sampling(book)
    temperature.write_temperature(book, choices)
    best = beam.write_beam(book)
    surprising = log_probabilities.write_log_probabilities(book)
    drafted = speculation.write_speculation(book)
    more = (rewind.write_rewind(book), order.write_order(book), prompt_cache.write_prompt_cache(book))
    _write_start(start, _lanes(book, choices, best), prompt_cell, choices, surprising, drafted, more)


def _lanes(book: Book, choices: Choices, best: str) -> tuple[Lane, ...]:
    """The lanes of the map: the text that each way of choosing gives."""
    speculated = book.page(speculation.TAB)
    row, _ = speculated.cell_of("text")
    return tuple(
        Lane(label, shown_as, [Box(tab, text)])
        for label, shown_as, tab, text in (
            ("the most likely", "map_text", sampling.TAB, choices.outside("greedy")),
            ("drawn", "map_text", sampling.TAB, choices.outside("sampled")),
            ("the best as a whole", "map_text", beam.TAB, best),
            ("with a draft", "map_text", speculation.TAB, speculated.place(row, 1)),
        )
    )


def _write_start(
    page: Page,
    lanes: Sequence[Lane],
    prompt: str,
    choices: Choices,
    surprising: tuple[str, str],
    drafted: tuple[str, str],
    more: tuple[Try, ...],
) -> None:
    """The arguments are the cells to try, two of them with the address of the outcome, and further things to try."""
    text, perplexity = surprising
    draft, accepted = drafted
    page.sheet.set_column(start_tab.LINK, start_tab.LINK, 30, page.style.text)
    page.furniture(
        "Beyond temperature 0: how a text is chosen from probabilities",
        (
            "The model only says how likely each next token is. We decide how to make a text of that:",
            "take the most likely token, draw one, search for the most likely text, or let a draft model propose "
            "tokens.",
        ),
    )
    path = (
        text_box(prompt_tab.TAB),
        tokens_box(log_probabilities.TAB),
        Box(prompt_tab.TAB, '"see 1_anatomy.xlsx"', "Blocks"),
        answer_box(temperature.TAB, "Probabilities"),
        Box(sampling.TAB, '"four ways, below"', "Choice"),
    )
    note = "The chosen token is added to the text, and the model reads the longer text. This is how a text grows."
    write_model_map(page, "From probabilities to a text", path, lanes, note)
    start_tab.now(page)
    start_tab.things_to_try(
        page,
        (
            Try(
                sampling.TAB,
                choices.seed.replace("$", ""),
                "7",
                "Other random numbers draw other tokens, so the text is different. Type 3 to get the old one back.",
                choices.outside("sampled"),
                Change.OTHER,
            ),
            Try(
                sampling.TAB,
                choices.temperature.replace("$", ""),
                "0",
                "The most likely token gets all the probability, so every seed gives the greedy text.",
                choices.outside("sampled"),
                Like(choices.outside("greedy")),
            ),
            Try(
                log_probabilities.TAB,
                text,
                "Mike is quick. He moves quickly. Anna is a Jedi. She pulls out her lightsaber.",
                "The model expected this: the two changed words turn white, and the perplexity falls.",
                perplexity,
                Change.LESS,
            ),
            Try(
                speculation.TAB,
                draft,
                "demo",
                "With the model as its own draft, it accepts every proposal.",
                accepted,
                1.0,
            ),
            Try(
                prompt_tab.TAB,
                prompt,
                TUESDAY,
                "The model is sure of this one: sampling, beam search and speculative decoding all give Wednesday.",
                choices.outside("sampled"),
                " Wednesday",
            ),
            *more,
        ),
    )
    start_tab.tabs(page)
    start_tab.legend(page, _LEGEND)
    start_tab.finish(page)
