"""The tab Prompt of the workbook without functions: the input, its check, and the answer."""

from __future__ import annotations

from workbook_templates.book import MARK, READY, Book
from workbook_templates.prompt_list import write_prompt_list
from workbook_templates.prompt_tab import write_label
from workbook_templates.pure.contents import Contents
from workbook_templates.pure.tokens import TokenTable
from workbook_templates.sheet import Page

_LABEL, _VALUE, _NOTE = 0, 1, 2


class PromptTab:
    """The tab, in two steps: the tab Tokens needs its prompt, and its check needs the tab Tokens."""

    def __init__(self, book: Book, contents: Contents, prompt: str) -> None:
        """Writes the part that does not depend on other tabs."""
        book.fold_after(prompt)
        self._page = page = Page(book, "Prompt", (24, 68, 90), kind="input")
        page.furniture(
            "Prompt",
            ("Type a text. The model reads it and predicts which token is most likely to come next.",),
        )
        page.section("You type")
        self.cell = page.at(page.row, _VALUE)
        page.input(page.row, _VALUE, prompt)
        write_label(page, "prompt", "Prompt", "The text that the model continues. Use only words from the tab Words.")
        page.row += 1
        page.section("What the model gets")
        page.text(page.row, _VALUE, contents.model.text or contents.model.name, page.style.value)
        write_label(page, "model", "Model", "Its weights are on the tabs Vocabulary, Positions and Weights.")
        self._rows = page.row
        page.row += 4
        page.section("Answer")
        self._formula("next_token", "Next token", "The most likely one. Many tokens begin with a space.", "result")
        continued = f'IF(LEFT(next_token,6)="{MARK}",next_token,prompt&next_token)'
        self._formula(continued, "Continued", "The prompt followed by this token.", "result")
        page.row += 1
        write_prompt_list(page, self.cell)
        page.sheet.print_area(0, 0, page.row - 1, _NOTE)
        page.sheet.freeze_panes(1, 0)
        page.mark_errors(0, _LABEL, page.row, _VALUE)

    def finish(self, tokens: TokenTable) -> None:
        """Writes the part that depends on the tab Tokens: the number of tokens and the check."""
        self._page.row = self._rows
        count = f"SUM({tokens.counts.there})"
        self._formula(count, "Number of tokens", "The pieces that the text is cut into.", name="token_count")
        room = str(self._page.book.shape.tokens)
        self._formula(room, "Room in this workbook", "Rows reserved for tokens on every tab.", name="room")
        self._formula(_check(tokens), "Check", '"ready", or a message that explains what is wrong.', name="status")

    def _formula(self, formula: str, label: str, note: str, kind: str = "value", name: str | None = None) -> None:
        self._page.plain(self._page.row, _VALUE, formula, getattr(self._page.style, kind))
        write_label(self._page, name, label, note)


def _check(tokens: TokenTable) -> str:
    """The formula for the first thing that is wrong, or `READY`."""
    last = tokens.rest.rows(tokens.rest.last_row - tokens.rest.row, 1).there
    last_word = tokens.words.rows(tokens.words.last_row - tokens.words.row, 1).there
    left_over = f'AND({last_word}<>"",LEN({last})>LEN({last_word}))'
    unread = f"INDEX({tokens.rest.there},MATCH(1,{tokens.wrong.there},0))"
    unknown = f'LEFT(TRIM({unread})&" ",FIND(" ",TRIM({unread})&" ")-1)'
    spaces = f'OR(LEFT({unread},2)="  ",{unread}=" ")'
    longer = f"gpt2-excel new pure --tokens {2 * (tokens.rest.last_row - tokens.rest.row + 1)}"
    return (
        f'IF(prompt="","{MARK} the prompt is empty: type a text on the tab Prompt",'
        f'IF(SUM({tokens.wrong.there})>0,IF({spaces},"{MARK} there is a space too many in the prompt",'
        f'"{MARK} """&{unknown}&""" is not among the words of this workbook: see the tab Words"),'
        f'IF(OR(token_count>room,{left_over}),"{MARK} this workbook has room for "&room&" tokens, the prompt has more: '
        f'{longer}","{READY}")))'
    )
