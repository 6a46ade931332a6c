"""The tab Order matters: the same facts and the same question, in another order."""

from __future__ import annotations

from udfs.models.demo.prompts import LIGHTSABER, PHONE, WAND
from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import labelled_input, title, unless_message
from workbook_templates.prompt_tab import tokens_of
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

TAB = "Order matters"

FACTS = ("Mike is a Jedi.", "Anna is a barber.")
QUESTION = "He pulls out his"

_TOKEN, _LOGIT, _PROBABILITY, _SEEN = range(2, 6)  # columns
_WIDE = 1  # the last column of the texts


def write_order(book: Book) -> Try:
    """Writes the tab and returns something to try on it."""
    page = Page(book, TAB, (22, 76, 18, 11, 13, 16, 40), kind="result")
    page.furniture(
        TAB,
        (
            "No token sees a later one. What becomes of a token depends on the tokens before it, and on no other:",
            "a question before its facts is read without them, and nothing that follows changes that.",
            "Models such as RWKV keep only a summary of what they have read. Ask first, and they know what to keep.",
            "GPT-2 can look back at every token, so it does best with the question last.",
        ),
    )
    title(page, "You choose")
    facts = [
        labelled_input(page, f"fact {number}", fact, "A sentence. Swap the two, and see what changes.")
        for number, fact in enumerate(FACTS, start=1)
    ]
    question = labelled_input(page, "question", QUESTION, "A beginning that the model continues.")
    page.row += 1
    title(page, "What comes next, after the last word of the question")
    style, header = page.style, page.row
    for column, text in enumerate(("order", "the text as the model reads it", "next token", "logit", "probability")):
        page.text(header, column, text, style.header if column <= _TOKEN else style.header_right)
    page.text(header, _SEEN, "tokens seen", style.header_right)
    one, two = facts
    orders = (
        ("facts, question", f'{one}&" "&{two}&" "&{question}', ""),
        ("facts swapped", f'{two}&" "&{one}&" "&{question}', ""),
        ("question, facts", f'{question}&". "&{one}&" "&{two}', "It answers before it has read the facts."),
        ("question twice", f'{question}&". "&{one}&" "&{two}&" "&{question}', "Asked again, it has."),
    )
    for name, text, note in orders:
        page.row += 1
        seen = tokens_of(question) if name == "question, facts" else tokens_of(page.at(page.row, _WIDE))
        _order(page, name, text, seen)
        page.text(page.row, _SEEN + 1, note, style.aside)
    first = header + 1
    page.sheet.conditional_format(first, _PROBABILITY, page.row, _PROBABILITY, look.PROBABILITY_BARS)
    page.row += 2
    page.lines(
        (
            f"At first: after the facts, he is a Jedi, and pulls out a{LIGHTSABER}. Before them, the model can only",
            f"guess: a{PHONE}. And with the same words in another order, it is more sure or less.",
        )
    )
    page.sheet.freeze_panes(1, 0)
    page.sheet.print_area(0, 0, page.row, _SEEN + 1)
    effect = f"Another fact, another answer:{WAND}. But before the facts, the answer is what it was."
    return Try(TAB, one.replace("$", ""), "Mike is a wizard.", effect, page.place(first, _TOKEN), WAND)


def _order(page: Page, name: str, text: str, seen: str) -> None:
    """A row: the text, and the most likely token after those that the question's last token sees."""
    style, row = page.style, page.row
    page.text(row, 0, name, style.bold)
    page.plain(row, _WIDE, unless_message("prompt_used", text, "prompt_used"), style.text)
    read, count = page.at(row, _WIDE, absolute=True), page.at(row, _SEEN, absolute=True)
    page.formula(row, _SEEN, unless_message(read, seen), style.whole)
    lens = f'GPT2_LOGITLENS({read},1,{count}-1,"both",model_used)'
    token = page.at(row, _TOKEN, absolute=True)
    page.formula(row, _TOKEN, unless_message(read, f"LET(t,{lens},INDEX(t,ROWS(t),2))", read), style.token)
    track = f"GPT2_LENS_TRACK({read},{token},{count}-1,model_used)"
    for column, at, cell_format in ((_LOGIT, 2, style.logit), (_PROBABILITY, 3, style.probability)):
        value = f"LET(t,{track},INDEX(t,ROWS(t),{at}))"
        page.formula(row, column, unless_message(token, value), cell_format)
    page.mark_errors(row, _WIDE, row, _TOKEN)
