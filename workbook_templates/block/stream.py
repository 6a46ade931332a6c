"""The stream that enters a block, and the cells in which a reader changes it."""

from __future__ import annotations

from workbook_templates.band import Band
from workbook_templates.bands import BandPage
from workbook_templates.block import worked
from workbook_templates.block.learned import Learned
from workbook_templates.block.worked import CHANNEL, explain_at, number
from workbook_templates.book import MARK


def write_stream(page: BandPage, incoming: Band, learned: Learned) -> tuple[Band, str, Band]:
    """The stream as it arrives, the first cell for edits, and the stream that all later steps use."""
    tab, width = incoming.cells.sheet, page.book.shape.channels
    page.heading("stream", f"The residual stream from the tab {tab}: one row per token, one column per channel.", ())
    explain_row = page.row
    page.row += 2
    arrived = page.fill(learned.added(page, incoming, ""), (incoming,))
    explain_at(page, explain_row, "x", worked.channels(width), f"{CHANNEL}&{number(arrived.of_last(0))}")
    page.heading(
        "your edits", "Type a number here to replace the value in the same row and channel above.", (), numbered=False
    )
    edits = page.edit_grid()
    page.heading(
        "steering",
        "A vector for every token: the coefficient (yellow, on the left) times this row is added. 0 switches it off.",
        ("Type or paste a row of numbers, or a formula that gives one.",),
        numbered=False,
    )
    page.text(page.row, 0, "coefficient", page.style.bold)
    page.input(page.row, 1, 0)
    coefficient = page.at(page.row, 1)
    page.row += 1
    vector = page.edit_grid(rows=1, labels=('"steer"', '"vector"'))
    page.heading(
        "edited", "The stream with your edits and the steering row. All steps below start here.", (), numbered=False
    )
    explain_row = page.row
    page.row += 2
    own, row = page.in_use(edits), vector.here
    stream = page.fill(edited(arrived.spill, own, f'+{coefficient}*IF({row}="",0,{row})'), (arrived,))
    edit = f"INDEX({edits.here},token_count,1)"
    value_here = f'IF({edit}="",{arrived.of_last(0)},{edit})'
    explain_at(
        page,
        explain_row,
        "your number, or x if the cell is blank; plus coefficient × vector",
        worked.channels(width),
        f'{CHANNEL}&{number(value_here)}&" + "&{coefficient}&" × "&'
        f'{number(f"N({vector.first})")}&" = "&{number(stream.of_last(0))}',
    )
    return arrived, edits.first, stream


def edited(values: str, edits: str, more: str = "") -> str:
    """The formula of values with the numbers of an edit grid over them, or a message if one is not a number."""
    wrong = f'"{MARK} your edits must be numbers"'
    return f'IF(COUNTA({edits})>COUNT({edits}),{wrong},IF({edits}="",{values},{edits}){more})'
