"""How the model continues a text with a vector added to its stream, at several strengths: a table of texts."""

from __future__ import annotations

from dataclasses import dataclass

from udfs.models.demo.prompts import PETER_IS
from workbook_templates.bands import FIRST, BandPage
from workbook_templates.grids import area
from workbook_templates.sheet import Page

TOKENS = 12  # of each continuation

_SHARES = (0, 1 / 8, 1 / 2, 5 / 8, 1, 2)  # of the tab's coefficient
_SECOND = FIRST + 8  # the column of the second text


def goes_on(prompt: str, vector: str, place: str, coefficients: str, positions: str, rows: int) -> str:
    """The formula that spills the continuations: a row for each coefficient."""
    arguments = f"{prompt},{vector},{place},{coefficients},{positions},{TOKENS},model_used"
    return f"LET(t,GPT2_STEER_GENERATE({arguments}),IF(COLUMNS(t)=1,t,INDEX(t,SEQUENCE({rows},,2),2)))"


def mark_changes(page: Page, column: int, first: int, last: int) -> None:
    """Shows texts in grey that are the same as the first, which is the model's own."""
    own, here = page.at(first, column, absolute=True), page.at(first + 1, column)
    rule = {"type": "formula", "criteria": f'=AND({here}<>"",{here}={own})', "format": page.style.masked}
    page.sheet.conditional_format(first + 1, column, last, column, rule)


@dataclass(frozen=True)
class Texts:
    """The table's place: its first and last row, the second prompt's cell. Filled when the vector is known."""

    page: BandPage
    first: int
    last: int
    other: str

    def text(self, share: float, *, other: bool = False) -> str:
        """The address of the text at that share of the tab's coefficient, with the tab."""
        return self.page.place(self.first + _SHARES.index(share), _SECOND if other else FIRST).replace("$", "")

    def fill(self, vector: str, place: str, positions: str) -> None:
        """Writes the formulas of the texts."""
        page, rows = self.page, len(_SHARES)
        coefficients = area(page, self.first, 0, self.last, 0)
        for column, prompt in ((FIRST, "prompt_used"), (_SECOND, self.other)):
            formula = goes_on(prompt, vector, place, coefficients, positions, rows)
            page.formula(self.first, column, formula, page.style.cell, (rows, 1))
            page.mark_errors(self.first, column, self.last)
            mark_changes(page, column, self.first, self.last)


def reserve_texts(page: BandPage, coefficient: str) -> Texts:
    """Writes the coefficients, and leaves the texts to `Texts.fill`."""
    page.heading(
        "goes on",
        f"How the model goes on at several strengths: the likeliest tokens, at most {TOKENS}. Grey: nothing changes.",
        (
            "Too little, and nothing changes. Just right, and the model tells another story. Too much, and it can say",
            "nothing but one word. That was Golden Gate Claude: Anthropic turned up one feature, for the",
            "Golden Gate Bridge, and the model spoke of little else.",
        ),
    )
    page.text(page.row, 0, "another text", page.style.bold)
    page.input(page.row, FIRST, PETER_IS)
    page.text(page.row, FIRST + 1, "On the right, the same with another prompt.", page.style.aside)
    other = page.at(page.row, FIRST, absolute=True)
    page.row += 1
    page.text(page.row, 0, "coefficient", page.style.header)
    page.plain(page.row, FIRST, 'prompt&" ..."', page.style.header)
    page.plain(page.row, _SECOND, f'{other}&" ..."', page.style.header)
    page.row += 1
    first = page.row
    for share in _SHARES:
        page.plain(page.row, 0, f"{share:g}*{coefficient}", page.style.input)
        for column in (FIRST, _SECOND):
            page.sheet.write_blank(page.row, column, None, page.style.cell)
        page.row += 1
    page.row += 1
    return Texts(page, first, page.row - 2, other)
