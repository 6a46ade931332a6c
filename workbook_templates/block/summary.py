"""The top of a block's tab: who looks at whom in each head, and what the block adds to the answer's logit."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.band import Band
from workbook_templates.bands import BandPage
from workbook_templates.block.steps import Block
from workbook_templates.book import READY
from workbook_templates.range import Range

DIRECTION = "answer_direction"  # names the row of the tab Head that turns a row of the stream into the answer's logit

ANSWER_LABELS = (f'IF(status="{READY}","answer","")', 'next_token&""')  # of that row

_ROWS = ("who looks at whom", "share", "its pattern")
_ADDED = (("attention adds", "attn c_proj"), ("the MLP adds", "mlp c_proj"))


class Summary:
    """Rows reserved at the top of the tab. They are filled when the steps below them are written."""

    def __init__(self, page: BandPage, *, answer: bool) -> None:
        """`answer`: whether the workbook has an answer, to whose logit the block adds."""
        self._page, self._answer = page, answer
        page.heading(
            "at a glance", "Where each head looks most, apart from a token's look at itself.", (), numbered=False
        )
        self._top = page.row
        page.row += 1 + len(_ROWS) + len(_ADDED) * answer

    def fill(self, block: Block) -> None:
        """Writes the formulas."""
        page = self._page
        below, page.row = page.row, self._top
        page.sheet.set_row(page.row + 1, look.TEXT_HEIGHT)
        page.format_row(page.row, page.style.group, page.first + len(block.patterns))
        for row, label in enumerate(_ROWS, start=page.row + 1):
            page.text(row, 1, label, page.style.bold)
        for head, pattern in enumerate(block.patterns):
            self._head(head, pattern)
        shares = (self._top + 2, page.first, self._top + 2, page.first + len(block.patterns) - 1)
        page.sheet.conditional_format(*shares, look.SHARE_SCALE)
        page.row += 1 + len(_ROWS)
        for label, step in _ADDED if self._answer else ():
            self._add(label, block.steps[step])
        page.row = below

    def _head(self, head: int, pattern: Band) -> None:
        page, column = self._page, self._page.first + head
        page.text(self._top, column, f"head {head}", page.style.group)
        who_row, share_row, link_row = range(self._top + 1, self._top + 4)
        count = str(pattern.cells.height) if pattern.fixed else "token_count"
        earlier = f"(SEQUENCE({count})<=token_count)*" if pattern.fixed else ""
        others = f"{pattern.spill}*{earlier}(SEQUENCE({count})>SEQUENCE(1,{count}))"
        share = page.at(share_row, column)
        tokens = Range(page.name, pattern.row, 1, pattern.cells.last_row, 1).here
        # One number holds the row and the column of the largest share; no prompt has 10,000 tokens.
        who = (
            f"LET(p,{others},place,MAX((p={share})*(10000*SEQUENCE({count})+SEQUENCE(1,{count}))),"
            f'TRIM(INDEX({tokens},INT(place/10000)))&" → "&TRIM(INDEX({tokens},MOD(place,10000))))'
        )
        page.formula(who_row, column, f'IF({share}>0,{who},"")', page.style.token_wrapped)
        page.formula(share_row, column, f'IF(status="{READY}",MAX({others}),0)', page.style.share)
        page.link(link_row, column, page.name, pattern.cell, f"→ head {head}")

    def _add(self, label: str, added: Band) -> None:
        page = self._page
        page.text(page.row, 1, label, page.style.bold)
        total = f"SUMPRODUCT({added.last},{DIRECTION})"
        page.formula(page.row, page.first, f'IF(status="{READY}",{total},"")', page.style.logit)
        page.plain(
            page.row,
            page.first + 1,
            f'IF(status="{READY}","to the logit of the answer,"&next_token,"")',
            page.style.note,
        )
        page.row += 1
