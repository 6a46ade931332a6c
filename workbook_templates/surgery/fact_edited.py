"""The tab A fact edited: the rank-one edit of one MLP that gives a prompt another answer, and what else it changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import ADVERB, CAPITAL_NEIGHBOURS, CAPITAL_PARAPHRASES, JEDI_FIGHTS, PULLS, SEVEN_DAYS
from workbook_templates.book import Book
from workbook_templates.grids import (
    area,
    is_message,
    labelled_input,
    labelled_value,
    title,
    unless_message,
    whole_number,
)
from workbook_templates.next_tokens import COLUMNS
from workbook_templates.sheet import Page
from workbook_templates.surgery.before_after import Done, write_before_and_after

TAB = "A fact edited"

_WIDTHS = (16, 22, 12, 12, 13, 3, 16, 22, 12, 12, 13)
_BEFORE, _AFTER, _JUDGED = 6, 7, 8  # columns of the list of prompts
_NEXT = 4  # the column of the next token in GPT2_SCORE
_OTHERS = (
    *(prompt for prompt, _ in SEVEN_DAYS),
    *(ADVERB, PULLS, JEDI_FIGHTS),
    *("France has a capital,", "Italy has a capital,", "In France people speak", "In Italy people speak"),
    *("The opposite of hot is", "The opposite of rich is", "One mouse, two", "2 + 2 =", "4, 5, 6, 7,"),
    *("Titanic is a film about a", "A baby cat is a", "The color of grass is", "The month after March is"),
)


class _Kind(NamedTuple):
    """Prompts of one kind, and how to judge the answer after the edit."""

    name: str
    prompts: tuple[str, ...]
    is_paraphrase: bool = False


@dataclass(frozen=True)
class FactEdited:
    """What Start and the overview need: the operation, and the input cell of the answer."""

    done: Done
    answer: str


def write_fact_edited(book: Book) -> FactEdited:
    """Writes the tab."""
    page = Page(book, TAB, _WIDTHS)
    page.furniture(
        "Rewriting a fact",
        (
            "An MLP's second matrix is a memory: its input at the subject's last token is a key, its output the value.",
            "The edit puts a new value under that one key, and as little as possible under all others (ROME, 2022).",
            "Does it hold in other words, and does it spare other facts? The list below tells.",
        ),
    )
    title(page, "You choose")
    edit = facts().fact_edit
    prompt = labelled_input(page, "prompt", edit.prompt, "A fact that the model completes.", COLUMNS - 1)
    subject = labelled_input(page, "subject", edit.subject, "What the fact is about: a part of the prompt.")
    answer = labelled_input(page, "new answer", edit.answer, "One token, with the space before it.")
    layer = labelled_input(page, "block", float(edit.layer), "Its MLP is edited. Early blocks work best.")
    whole_number(page, layer, 0, book.shape.n_layer - 1)
    page.row += 1
    title(page, "The edit")
    edited = f"GPT2_EDIT_FACT({prompt},{subject},{answer},{layer},model_used)"
    found = f"LET(e,{edited},IF(ROWS(e)=1,INDEX(e,1,1),INDEX(e,2,1)))"  # a message is one row
    text = labelled_value(page, "model text", found, "", page.style.note)
    size = f'IFERROR(INDEX({edited},2,4),"")'
    note = "The length of the change, in lengths of the matrix."
    labelled_value(page, "size", size, note, page.style.value_number)
    page.row += 1
    after = write_before_and_after(page, prompt, ("model_used", text))
    _write_list(page, answer, text)
    page.sheet.print_area(0, 0, page.row, len(_WIDTHS) - 1)
    page.sheet.freeze_panes(1, 0)
    return FactEdited(Done(TAB, after, page.there(prompt)), answer.replace("$", ""))


def _write_list(page: Page, answer: str, text: str) -> None:
    """Prompts of each kind, their answers before and after, and what that means."""
    kinds = (
        _Kind("other words", CAPITAL_PARAPHRASES, is_paraphrase=True),
        _Kind("neighbour", tuple(prompt for prompt, _ in CAPITAL_NEIGHBOURS)),
        _Kind("other", _OTHERS),
    )
    count = sum(len(kind.prompts) for kind in kinds)
    title(page, f"What else has changed? {count} prompts, before and after: type others over them")
    style = page.style
    for column, name in ((0, "kind"), (1, "prompt"), (_BEFORE, "before"), (_AFTER, "after"), (_JUDGED, "judged")):
        page.text(page.row, column, name, style.header)
    first = page.row + 1
    for kind in kinds:
        for prompt in kind.prompts:
            page.row += 1
            page.text(page.row, 0, kind.name, style.note)
            page.sheet.merge_range(page.row, 1, page.row, COLUMNS - 1, "", style.input)
            page.input(page.row, 1, prompt)
            before, after = (page.at(page.row, column) for column in (_BEFORE, _AFTER))
            is_new, is_old = (page.book.dialect.are_equal(after, other) for other in (answer, before))
            verdict = (
                f'IF({is_new},"holds","does not hold")' if kind.is_paraphrase else f'IF({is_old},"spared","changed")'
            )
            page.plain(page.row, _JUDGED, f'IF(OR({before}="",{is_message(before)}),"",{verdict})', style.bold)
    last = page.row
    cells = page.book.dialect.typed(area(page, first, 1, last, 1))
    for column, model in ((_BEFORE, "model_used"), (_AFTER, text)):
        for row in range(first, last + 1):
            page.sheet.write_blank(row, column, None, style.token)
        found = page.book.dialect.part(f"GPT2_SCORE({cells},{model})", _NEXT, _NEXT, above=1)
        page.formula(first, column, unless_message(text, found, text), style.token, (count, 1))
        page.mark_errors(first, column)
    judged = area(page, first, _JUDGED, last, _JUDGED)
    for name, colour in (("changed", style.refused), ("does not hold", style.refused), ("holds", style.chosen)):
        rule = {"type": "cell", "criteria": "==", "value": f'"{name}"', "format": colour}
        page.sheet.conditional_format(first, _JUDGED, last, _JUDGED, rule)
    page.row += 1
    page.lines(
        ("A word at the beginning of a text has no space before it: it is another token, so it has another key.",)
    )
    page.row += 1
    labelled_value(page, "holds", f'COUNTIF({judged},"holds")', f"of {len(kinds[0].prompts)} prompts in other words")
    labelled_value(
        page,
        "changed",
        f'COUNTIF({judged},"changed")',
        f"of {count - len(kinds[0].prompts)} prompts about something else",
    )
