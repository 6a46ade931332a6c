"""The tab Sampling: a text drawn token by token, with the candidates left after each cut and the random numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xlsxwriter.utility import xl_col_to_name

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import labelled_input, number_between, table, title, whole_number
from workbook_templates.sheet import Page

TAB = "Sampling"

_MOST_TOKENS = 60
_CANDIDATES = 8
_FIRST_CANDIDATE = 8  # the column in which they begin
_SHOWN = 12  # rows of the first token's table
_RANDOM, _RANK, _AFTER_TOP_K, _AFTER_TOP_P = 3, 4, 6, 7  # columns of the steps
_STAGES, _UP_TO = (4, 5, 6), 7  # columns of the first token's table


@dataclass(frozen=True)
class Choices:
    """The input cells of this tab, and its two texts."""

    tokens: str
    temperature: str
    top_k: str
    top_p: str
    seed: str
    greedy: str = ""
    sampled: str = ""

    def outside(self, name: str) -> str:
        """The address of one of them, with the tab."""
        return f"{TAB}!{getattr(self, name)}"


def write_sampling(book: Book) -> Choices:
    """Writes the tab and returns its cells."""
    page = Page(book, TAB, (14, 16, 10, 12, 13, 13, 13, 13, *(13, 11) * _CANDIDATES), kind="result")
    page.furniture(
        TAB,
        (
            "The model gives every token a probability. Greedy always takes the most likely one, and so always gives "
            "the same text. Sampling draws one.",
            "The temperature makes likely tokens more or less likely, top_k and top_p cut tokens off, and a random "
            "number from 0 to 1 picks one of those that are left, laid end to end by probability.",
        ),
    )
    title(page, "You choose")
    chosen = _choose(page)
    how = f"{chosen.temperature},{chosen.top_k},{chosen.top_p}"
    page.row += 1
    title(page, "The text")
    greedy = f"GPT2_GENERATE(prompt_used,{chosen.tokens},0,0,1,0,model_used)"
    drawn = f"GPT2_GENERATE(prompt_used,{chosen.tokens},{how},{chosen.seed},model_used)"
    for label, formula, cell_format in (("greedy", greedy, book.style.note), ("sampled", drawn, book.style.bold)):
        chosen = replace(chosen, **{label: page.at(page.row, 1, absolute=True)})
        page.text(page.row, 0, label, book.style.bold)
        page.formula(page.row, 1, formula, cell_format)  # runs over the empty cells to its right
        page.mark_errors(page.row, 1)
        page.row += 1
    page.row += 1
    header_of_steps = page.row + _SHOWN + 8
    _first_token(page, how, page.at(header_of_steps + 1, _RANDOM, absolute=True))
    page.row += 1
    title(page, "Token by token: what could have come, and what was drawn")
    _key(page)
    assert page.row == header_of_steps
    _steps(page, f"prompt_used,{chosen.tokens},{how},{chosen.seed}")
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, page.row - _MOST_TOKENS + 24, _FIRST_CANDIDATE + 2 * _CANDIDATES - 1)
    return chosen


def _choose(page: Page) -> Choices:
    tokens = labelled_input(page, "tokens", 16, f"The most tokens to generate, 1 to {_MOST_TOKENS}.")
    temperature = labelled_input(page, "temperature", 1, "0 is greedy, 1 is as trained, and higher is more daring.")
    top_k = labelled_input(page, "top_k", 6, "Keeps only the k most likely tokens. 0 keeps all.")
    top_p = labelled_input(
        page, "top_p", 0.9, "Of these, keeps the most likely tokens that together reach this share. 1 keeps all."
    )
    seed = labelled_input(page, "seed", 3, "Sets the random numbers: another seed gives another text.")
    for cell, low, high in ((tokens, 1, _MOST_TOKENS), (top_k, 0, 50257), (seed, 0, 999_999)):
        whole_number(page, cell, low, high)
    number_between(page, temperature, 0, 1000)
    number_between(page, top_p, 0, 1)
    return Choices(tokens, temperature, top_k, top_p, seed)


def _first_token(page: Page, how: str, random: str) -> None:
    """The first token in full: every step from its logit to the draw."""
    title(
        page,
        "The first token in full, from its logit to the draw",
        (
            "Each column is a step: divided by the temperature, cut by top_k, cut by top_p. What is left sums to 1.",
            "The column up to adds the probabilities up. The first sum above the random number is drawn: the green "
            "row.",
        ),
    )
    page.text(page.row, 0, "random", page.style.bold)
    page.formula(page.row, 1, f'IF(ISNUMBER({random}),{random},"")', page.style.value_number)
    number = page.at(page.row, 1, absolute=True)
    page.row += 1
    style, header = page.style, page.row
    formats = (style.position, style.token, style.whole, style.logit, *[style.probability_or_blank] * 3, style.number)
    table(page, 0, f"GPT2_CANDIDATES(prompt_used,{_SHOWN},{how},model_used)", formats, _SHOWN)
    first, last = header + 1, header + _SHOWN
    for column in _STAGES:
        page.sheet.conditional_format(first, column, last, column, look.PROBABILITY_BARS)
    sums = xl_col_to_name(_UP_TO)
    above = f"AND(ISNUMBER(${sums}{first + 1}),ISNUMBER({number}),${sums}{first + 1}>{number}"
    is_drawn = f"={above},OR($A{first + 1}=1,N(${sums}{first})<={number}))"
    rule = {"type": "formula", "criteria": is_drawn, "format": style.chosen}
    page.sheet.conditional_format(first, 0, last, 3, rule)
    page.sheet.conditional_format(first, _UP_TO, last, _UP_TO, rule)


def _key(page: Page) -> None:
    """The key to the colours."""
    for column, text, cell_format in (
        (_FIRST_CANDIDATE, "drawn", page.style.chosen),
        (_FIRST_CANDIDATE + 1, "cut by top_k", page.style.cut_first),
        (_FIRST_CANDIDATE + 2, "cut by top_p", page.style.cut_second),
    ):
        page.text(page.row, column, text, cell_format)
    page.text(page.row, 0, "On the right: the most likely candidates at each step, with their probabilities.")
    page.row += 1


def _steps(page: Page, arguments: str) -> None:
    style, header = page.style, page.row
    formats = (style.position, style.token, style.whole, style.number, style.position, style.probability)
    counts = (style.position, style.position, *(style.cell, style.cell_percent) * _CANDIDATES)
    formula = f"GPT2_GENERATE_STEPS({arguments},{_CANDIDATES},model_used)"
    table(page, 0, formula, (*formats, *counts), _MOST_TOKENS)
    first, last = header + 1, header + _MOST_TOKENS
    rank, after_top_k, after_top_p = (
        f"${xl_col_to_name(column)}{first + 1}" for column in (_RANK, _AFTER_TOP_K, _AFTER_TOP_P)
    )
    for number in range(1, _CANDIDATES + 1):
        column = _FIRST_CANDIDATE + 2 * (number - 1)
        page.sheet.write_blank(header, column, None, style.cell_header)
        page.sheet.write_blank(header, column + 1, None, style.cell_header)
        for condition, cell_format in (
            (f"{rank}={number}", style.chosen),
            (f"{after_top_k}<{number}", style.cut_first),
            (f"{after_top_p}<{number}", style.cut_second),
        ):
            rule = {
                "type": "formula",
                "criteria": f"=AND(ISNUMBER({rank}),{condition})",
                "format": cell_format,
                "stop_if_true": True,
            }
            page.sheet.conditional_format(first, column, last, column + 1, rule)
