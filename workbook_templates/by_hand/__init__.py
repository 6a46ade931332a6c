"""`6_by_hand.xlsx`: a transformer of a toy size with blanks to fill in, checked by the spreadsheet's own formulas.

It uses only functions that every spreadsheet program has, one cell at a time. The idea is that of Tom Yeh's "AI by
Hand" exercises.
"""

from __future__ import annotations

from workbook_templates import start_tab
from workbook_templates.book import Book
from workbook_templates.by_hand import toy
from workbook_templates.by_hand.exercise import REVEAL
from workbook_templates.by_hand.tabs import (
    ATTENTION,
    EMBEDDINGS,
    MLP,
    NEXT,
    NEXT_WORD,
    attention,
    embeddings,
    mlp,
    next_word,
    word,
)
from workbook_templates.model_map import Box, write_model_map
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try
from workbook_templates.stops import START, Stop

_LEGEND = {
    "exercise_input": ("", "A blank: type your number, rounded to two decimals. Words and formulas work, too."),
    "exercise": ("1.23", "An example that is filled in, or an answer."),
    "small_weight": ("2", "Weight: a number learned in training. You can type over it; the answers change with it."),
    "chosen": ("right", "Your number is right, within rounding."),
    "error": ("wrong", "Try again."),
}
STOPS = (
    Stop(
        EMBEDDINGS,
        "Words become rows of numbers.",
        "Each channel has a meaning here: dogs is high in dog-like, love is high in verb.",
    ),
    Stop(
        ATTENTION,
        "Each word gathers what it needs from the words before it.",
        "The last word looks mostly at the animal: this is how the model learns which animal the sentence is about.",
    ),
    Stop(
        MLP,
        "Neurons look for patterns and add to the row.",
        "Only a neuron that finds its pattern adds anything. Compare the verb channel before and after.",
    ),
    Stop(
        NEXT_WORD,
        "The last row becomes a probability for each word.",
        "The last row points in the direction of one word's embedding. This word is the answer.",
    ),
)


def write(book: Book, prompt: str | None, model: str | None) -> None:
    """Writes Start and the four tabs of exercises.

    The model text is not used: the workbook has its own model. Raises ValueError if the prompt is not three words of
    the toy vocabulary.
    """
    words = toy.PROMPT if prompt is None else tuple(prompt.split())
    if len(words) != len(toy.PROMPT) or not set(words) <= set(toy.WORDS):
        raise ValueError(f"prompt must be three of the words {', '.join(toy.WORDS)}, not {prompt!r}")
    start = start_tab.start_page(book)
    first, stream = embeddings(book)
    second, stream = attention(book, stream)
    third, stream, verb = mlp(book, stream)
    tabs = (first, second, third, next_word(book, stream))
    counts = [tab.finish() for tab in tabs]
    _write_start(start, words, counts, verb)


def _write_start(page: Page, words: tuple[str, ...], counts: list[tuple[str, str]], verb: str) -> None:
    page.furniture(
        "A transformer by hand",
        (
            "A language model for pencil and paper: three words, four channels, one attention head, two neurons.",
            "It has the parts of GPT-2, in the same order. Fill in the blanks; each is checked at once.",
        ),
    )
    right_on = [
        Box(tab.tab, f'({right})&" of "&({every})&" right"', tab.tab)
        for tab, (right, every) in zip(STOPS, counts, strict=True)
    ]
    sentence = '&" "&'.join(word(n) for n in range(len(words)))
    write_model_map(page, "From words to the next word", (Box(START, sentence, "Words"), *right_on))
    page.section("Your sentence")
    page.text(page.row, start_tab.LINK, "Three words", page.style.bold)
    for position, text in enumerate(words):
        column = start_tab.TEXT + position
        page.input(page.row, column, text)
        page.sheet.data_validation(page.row, column, page.row, column, {"validate": "list", "source": list(toy.WORDS)})
        page.book.name(word(position), page.place(page.row, column))
    second, last = (page.at(page.row, start_tab.TEXT + number) for number in (1, 2))
    page.row += 1
    page.text(page.row, start_tab.LINK, "Show the answers", page.style.bold)
    page.input(page.row, start_tab.TEXT, "no")
    page.sheet.data_validation(
        page.row, start_tab.TEXT, page.row, start_tab.TEXT, {"validate": "list", "source": ["no", "yes"]}
    )
    page.book.name(REVEAL, page.place(page.row, start_tab.TEXT))
    page.row += 1
    right, every = ("+".join(part) for part in zip(*counts, strict=True))
    page.text(page.row, start_tab.LINK, "Progress", page.style.bold)
    page.sheet.merge_range(page.row, start_tab.TEXT, page.row, start_tab.TEXT + 2, "", page.style.result)
    page.plain(page.row, start_tab.TEXT, f'({right})&" of "&({every})&" right"', page.style.result)
    page.book.name("progress", page.place(page.row, start_tab.TEXT))
    page.row += 2
    tries = (
        Try(
            "MLP",
            verb,
            "0",
            "Neuron 0 no longer takes the verb out of the row, so the model says love again.",
            NEXT,
            "love",
        ),
        Try(
            "Start",
            second,
            toy.OTHER,
            "A new exercise: the rows and scores change, and so does the next word.",
            NEXT,
            "bones",
        ),
        Try("Start", last, toy.OTHER, "Neuron 1 finds an animal at the end and asks for a verb.", NEXT, "love"),
    )
    start_tab.things_to_try(page, tries)
    start_tab.tabs(page)
    start_tab.legend(page, _LEGEND)
    start_tab.finish(page)


__all__ = ["NEXT", "write"]
