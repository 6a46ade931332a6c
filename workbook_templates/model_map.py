"""The map on Start: a text becomes tokens, numbers, and probabilities. Each box is a link and shows a live value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xlsxwriter.utility import quote_sheetname

from workbook_templates import style as look
from workbook_templates.grids import unless_message
from workbook_templates.sheet import Page

_LABEL = 1  # the column of the lanes' names, which is as wide as two others
_LANE, _COLUMNS = 2, 12  # the first column of a lane, and how many it has
_PATH_COLUMNS: Final = ((1, 1), (3, 4), (6, 7), (9, 10), (12, 13))  # first and last column of each box of the path


@dataclass(frozen=True)
class Box:
    """A box of the map.

    tab, cell: where its link leads
    value: the formula of what it shows
    title: above the value; only boxes of the path have one
    """

    tab: str
    value: str
    title: str = ""
    cell: str = "A1"


@dataclass(frozen=True)
class Lane:
    """A row of boxes, side by side, such as the attention of every block.

    look: the name of a format of `Style`
    """

    label: str
    look: str
    boxes: Sequence[Box]


def write_model_map(page: Page, title: str, path: Sequence[Box], lanes: Sequence[Lane] = (), note: str = "") -> None:
    """Writes the path from the text to the answer, with arrows between its boxes, and the lanes below it."""
    page.section(title)
    page.sheet.set_row(page.row, look.STRIP_HEIGHT)
    page.sheet.set_row(page.row + 1, look.TEXT_HEIGHT)
    for number, (box, (first, last)) in enumerate(zip(path, _PATH_COLUMNS, strict=False)):
        _box(page, page.row, first, last, box, "map_title", box.title)
        _box(page, page.row + 1, first, last, box, "map_value")
        if number:
            page.text(page.row + 1, first - 1, "→", page.style.arrow)
    page.row += 3
    for start in range(0, max((len(lane.boxes) for lane in lanes), default=0), _COLUMNS):
        for lane in lanes:
            _lane(page, lane, lane.boxes[start : start + _COLUMNS])
        page.row += 1
    if note:
        page.text(page.row - 1, _LANE, note, page.style.note)
        page.row += 1


def _lane(page: Page, lane: Lane, boxes: Sequence[Box]) -> None:
    """A row of boxes that share the columns of the lane."""
    page.sheet.set_row(page.row, look.STRIP_HEIGHT)
    page.text(page.row, _LABEL, lane.label, page.style.map_label)
    width = _COLUMNS // len(boxes)
    for number, box in enumerate(boxes):
        first = _LANE + number * width
        _box(page, page.row, first, first + width - 1, box, lane.look)
    page.row += 1


def _box(page: Page, row: int, first: int, last: int, box: Box, name: str, title: str = "") -> None:
    """Cells merged into one, with a link, and a title or a live value."""
    cell_format = getattr(page.style, name)
    if last > first:
        page.sheet.merge_range(row, first, row, last, "", cell_format)
    target = f"internal:{quote_sheetname(box.tab)}!{box.cell}"
    page.sheet.write_url(row, first, target, cell_format, title or " ", f"Go to {box.tab}")
    if not title:
        page.plain(row, first, box.value, cell_format)
        page.mark_errors(row, first)


def text_box(tab: str) -> Box:
    """The prompt."""
    return Box(tab, 'prompt&""', "Text")


def tokens_box(tab: str) -> Box:
    """The number of tokens."""
    return Box(tab, 'token_count&" tokens"', "Tokens")


def answer_box(tab: str, title: str = "Next token") -> Box:
    """The most likely token and its probability, or the message in its place."""
    likeliest = 'next_token&"   "&TEXT(INDEX(next_tokens,2,5),"0.0%")'
    return Box(tab, unless_message("next_token", likeliest, "next_token"), title)
