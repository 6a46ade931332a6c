"""The tab Prompt of the workbook without functions: the input, its check, and the answer."""

from __future__ import annotations

from collections.abc import Sequence

from udfs.backend.gpt2.tokenizer import encode
from workbook_templates.book import MARK, READY, Book
from workbook_templates.grids import unless_message
from workbook_templates.prompt_list import write_prompt_list
from workbook_templates.prompt_tab import write_label
from workbook_templates.pure.characters import UNKNOWN
from workbook_templates.pure.contents import Contents
from workbook_templates.pure.merges import LETTERS, PIECES
from workbook_templates.pure.tokens import TokenTable
from workbook_templates.sheet import Page

_LABEL, _VALUE, _NOTE = 0, 1, 2


class PromptTab:
    """The tab, in two steps: the tab Tokens needs its prompt, and its check needs the tab Tokens."""

    def __init__(self, book: Book, contents: Contents, prompt: str, answer: str, advice: Sequence[str]) -> None:
        """Writes the part that does not depend on other tabs. `answer` is shown until a program calculates it."""
        book.fold_after(prompt)
        self._page = page = Page(book, "Prompt", (24, 68, 90), kind="input")
        page.furniture(
            "Prompt",
            ("Type a text. The model reads it and predicts which token is most likely to come next.", *advice),
        )
        page.section("You type")
        self.cell = page.at(page.row, _VALUE)
        page.input(page.row, _VALUE, prompt)
        write_label(page, "prompt", "Prompt", "The text that the model continues.")
        page.row += 1
        page.section("What the model gets")
        page.text(page.row, _VALUE, contents.model.text or contents.model.name, page.style.value)
        write_label(page, "model", "Model", "Its weights are on the tabs Vocabulary, Positions and Weights.")
        self._rows, self._count = page.row, len(encode(prompt)) if answer else ""
        page.row += 4
        page.section("Answer")
        self._formula(
            "next_token",
            "Next token",
            "The most likely token. A space at its beginning is part of it.",
            "result",
            value=answer,
        )
        continued = unless_message("next_token", "prompt&next_token", "next_token")
        shown = f"{prompt}{answer}" if answer else ""
        self._formula(continued, "Continued", "The prompt followed by this token.", "result", value=shown)
        page.row += 1
        write_prompt_list(page, self.cell)
        page.sheet.print_area(0, 0, page.row - 1, _NOTE)
        page.sheet.freeze_panes(1, 0)
        page.mark_errors(0, _LABEL, page.row, _VALUE)

    def finish(self, tokens: TokenTable) -> None:
        """Writes the part that depends on the tab Tokens: the number of tokens and the check."""
        self._page.row = self._rows
        count = f"SUM({tokens.words.tokens.there})"
        note = "How many pieces the text is cut into."
        self._formula(count, "Number of tokens", note, name="token_count", value=self._count)
        room = self._page.book.shape.tokens
        note = "The most tokens that each tab has rows for."
        self._formula(str(room), "Room in this workbook", note, name="room", value=room if self._count else "")
        self._formula(_check(tokens), "Check", '"ready", or what is wrong.', name="status")

    def _formula(
        self, formula: str, label: str, note: str, kind: str = "value", name: str | None = None, value: str | int = ""
    ) -> None:
        self._page.plain(self._page.row, _VALUE, formula, getattr(self._page.style, kind), value)
        write_label(self._page, name, label, note)


def _check(tokens: TokenTable) -> str:
    """The formula for the first thing that is wrong, or `READY`."""
    words, characters = tokens.words, tokens.characters
    unknown = f'MATCH("{UNKNOWN}",{characters.kinds.there},0)'
    long = f"TRIM(INDEX({words.texts.there},MATCH(MAX({words.pieces.there}),{words.pieces.there},0)))"
    used = tokens.merges.words
    last_row = used.rows(used.height - 1, 1).there
    unfinished = f"AND({last_row}>0,INDEX({tokens.merges.places.there},{used.height})>0)"
    longer = f"gpt2-excel new pure --tokens {2 * tokens.positions.height}"
    checks = (
        ('prompt=""', '"the prompt is empty: type a text on the tab Prompt"'),
        (
            f"LEN(prompt)>{characters.characters.height}",
            f'"this workbook has room for {characters.characters.height} characters, the prompt has "&LEN(prompt)&": '
            f'{longer}"',
        ),
        (
            f'COUNTIF({characters.kinds.there},"{UNKNOWN}")>0',
            f'"the formulas on the tab Characters do not know character "&{unknown}&" of the prompt"',
        ),
        (
            f"OR(token_count>room,MAX({characters.words.there})>room)",
            f'"this workbook has room for "&room&" tokens, the prompt has more: {longer}"',
        ),
        (
            f"OR(MAX({used.there})<MAX({characters.words.there}),{unfinished})",
            f'"the tab Merges has room for {used.height} rows, the prompt needs more: {longer}"',
        ),
        (
            f"MAX({words.pieces.there})>{PIECES}",
            f'"the formulas on the tab Merges have room for words of {LETTERS} letters, and """&{long}&""" is longer"',
        ),
    )
    formula = f'"{READY}"'
    for wrong, message in reversed(checks):
        formula = f'IF({wrong},"{MARK} "&{message},{formula})'
    return formula
