"""The tab Speculative decoding: a draft model proposes, the model accepts or rejects; with a trace of every number."""

from __future__ import annotations

from xlsxwriter.utility import xl_col_to_name

from udfs.models.demo.facts import facts
from workbook_templates.book import MARK, Book
from workbook_templates.grids import (
    area,
    labelled_input,
    labelled_value,
    number_between,
    table,
    title,
    unless_message,
    whole_number,
)
from workbook_templates.prompt_tab import IS_DEMO
from workbook_templates.sheet import Page

TAB = "Speculative decoding"

_MOST_TOKENS, _MOST_AHEAD = 40, 8
_ROOM = _MOST_TOKENS * (_MOST_AHEAD + 1)  # rows of the trace if each round keeps one token
_ROUND, _OUTCOME, _TEXT = 0, 9, 10  # columns
_DRAFT_OF_DEMO = "demo ; scale h.11.attn by 0 ; scale h.11.mlp by 0"


def write_speculation(book: Book) -> tuple[str, str]:
    """Writes the tab. Returns the cell of the draft model, and the address of the share of accepted proposals."""
    page = Page(book, TAB, (13, 13, 16, *[11.5] * 6, 14, 70), kind="result")
    page.furniture(
        TAB,
        (
            "A large model is slow because it reads all its weights for each token. So a small draft model proposes "
            "several tokens, and the large model judges them all in one pass.",
            "It accepts a token that it finds at least as likely as the draft does, others with probability model / "
            "draft, and replaces the first that it rejects.",
            "With any draft, each text is exactly as likely as if the large model alone had drawn every token.",
        ),
    )
    title(page, "You choose")
    draft = labelled_input(page, "draft model", None, "Blank: the model without its last block.", 5)
    default = f'IF({IS_DEMO},"{_DRAFT_OF_DEMO}","")'
    page.plain(page.row - 1, 1, default, page.style.input)
    tokens = labelled_input(page, "tokens", 24, f"The most tokens to generate, 1 to {_MOST_TOKENS}.")
    ahead = labelled_input(page, "ahead", 4, f"How many tokens the draft proposes at once, 1 to {_MOST_AHEAD}.")
    temperature = labelled_input(page, "temperature", 1, "1 is as trained, 0 is greedy.")
    seed = labelled_input(page, "seed", facts().speculation_seed, "Sets the random numbers.")
    for cell, low, high in ((tokens, 1, _MOST_TOKENS), (ahead, 1, _MOST_AHEAD), (seed, 0, 999_999)):
        whole_number(page, cell, low, high)
    number_between(page, temperature, 0, 1000)
    page.row += 1
    header = page.row + 10
    accepted = page.place(page.row + 2, 1)
    _summary(page, header, f"GPT2_GENERATE(prompt_used,{tokens},0,0,1,0,model_used)", temperature)
    page.row += 1
    title(
        page,
        "The trace",
        (
            "drawn: the random number that drew the token. accept: min(1, model / draft). random: accepted if below "
            "it.",
            "remainder: the probability of the replacement, from max(0, model - draft), scaled to sum to 1.",
        ),
    )
    assert page.row == header, (page.row, header)
    given = f"prompt_used,{tokens},{page.book.dialect.typed(draft)},{seed},{temperature},{ahead},model_used"
    _trace(page, f"GPT2_SPECULATE({given})")
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, header + 40, _TEXT)
    return draft.replace("$", ""), accepted


def _summary(page: Page, header: int, greedy: str, temperature: str) -> None:
    """The text, how many proposals were accepted, how often the model ran."""
    title(page, "The text")
    trace = page.at(header, 0, absolute=True)
    outcomes = area(page, header + 1, _OUTCOME, header + _ROOM, _OUTCOME)
    last = f"COUNT({area(page, header + 1, 1, header + _ROOM, 1)})+1"
    texts, rounds = (area(page, header, column, header + _ROOM, column) for column in (_TEXT, _ROUND))

    def count(outcome: str) -> str:
        return f"SUM(IF({page.book.dialect.has_text(outcomes, outcome)},1,0))"

    page.text(page.row, 0, "text", page.style.bold)
    page.formula(page.row, 1, unless_message(trace, f"INDEX({texts},{last})", trace), page.style.bold)
    page.mark_errors(page.row, 1)
    text = page.at(page.row, 1, absolute=True)
    page.row += 1
    accepted, rejected = count("accepted"), count("rejected")
    kept = f"{accepted}+{count('replacement')}+{count('extra')}"
    same = f'IF(EXACT({text},{greedy}),"the same as greedy","{MARK} differs from greedy")'
    for label, formula, note, cell_format in (
        (
            "accepted",
            f"{accepted}/MAX(1,{accepted}+{rejected})",
            "Share of the judged proposals.",
            "result_share",
        ),
        ("tokens kept", kept, "Tokens in the text, including <|endoftext|>.", "result_whole"),
        (
            "passes",
            f"INDEX({rounds},{last})",
            "How often the large model ran. Alone, it would run once per token.",
            "result_whole",
        ),
        ("check", f'IF({temperature}=0,{same},"")', "At temperature 0, the text must be the greedy one.", "value"),
    ):
        labelled_value(page, label, unless_message(trace, formula), note, getattr(page.style, cell_format))


def _trace(page: Page, formula: str) -> None:
    style, header = page.style, page.row
    formats = (style.position, style.position, style.token, *[style.number] * 6, style.position, style.cell)
    table(page, 0, formula, formats, _ROOM)
    first, last = header + 1, header + _ROOM
    outcome = f"${xl_col_to_name(_OUTCOME)}{first + 1}"
    for name, cell_format in (
        ("accepted", style.chosen),
        ("rejected", style.refused),
        ("not looked at", style.cut_first),
        ("replacement", style.finished),
        ("extra", style.finished),
    ):
        rule = {"type": "formula", "criteria": f"={page.book.dialect.has_text(outcome, name)}", "format": cell_format}
        for column in (2, _OUTCOME):
            page.sheet.conditional_format(first, column, last, column, rule)
    new_round = {"type": "formula", "criteria": f"=AND(ISNUMBER($A{first + 1}),$A{first + 1}<>$A{first})"}
    page.sheet.conditional_format(first, 0, last, _TEXT, {**new_round, "format": style.line_above})
