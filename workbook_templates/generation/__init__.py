"""`4_generation.xlsx`: beyond the most likely token: sampling, beam search, surprise, speculative decoding."""

from __future__ import annotations

from workbook_templates.book import Book
from workbook_templates.generation.beam import write_beam
from workbook_templates.generation.log_probabilities import write_log_probabilities
from workbook_templates.generation.places import TOKEN_TABLE
from workbook_templates.generation.sampling import write_sampling
from workbook_templates.generation.speculation import write_speculation
from workbook_templates.generation.start import write_start
from workbook_templates.generation.temperature import write_temperature
from workbook_templates.prompt_tab import PromptTab, write_prompt
from workbook_templates.start_tab import start_page

PROMPT = "Mike is"

_TAB = PromptTab(
    template="generation",
    token_table=TOKEN_TABLE,
    edits="",
    second_line="The other tabs continue it, token by token, in different ways.",
    model_note='Names the model for every formula. It may carry surgery: "demo ; scale h.9.attn.head.1 by 0".',
    guarded=True,
    any_shape=True,
)


def write(book: Book, prompt: str | None, model: str | None) -> None:
    """Writes every tab."""
    start = start_page(book)
    prompt_cell = write_prompt(book, _TAB, PROMPT if prompt is None else prompt, model)
    choices = write_sampling(book)
    write_temperature(book, choices)
    write_beam(book)
    text = write_log_probabilities(book)
    draft = write_speculation(book)
    write_start(start, prompt_cell, choices, text, draft)
