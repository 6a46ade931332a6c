"""The tab Paths: what one head passes on to each later head, and straight to the answer."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import labelled_input, labelled_value, layer_frame, table, title, unless_message
from workbook_templates.mri.patching import Patched
from workbook_templates.sheet import Page

TAB = "Paths"

_MANY = 100_000  # more than a model has heads
_LIST = 1  # columns between the maps and the list of all paths
# The shares along single paths are small: full colour at a tenth of the answer.
_SCALE = {**look.RESTORED_SCALE, "min_value": -0.1, "max_value": 0.1}


@dataclass(frozen=True)
class Paths:
    """What Start needs: the cell of the sender, and the address of the share of the direct path."""

    sender: str
    direct: str


def write_paths(book: Book, patched: Patched) -> Paths:
    """Writes the tab. The sentences are those of the tab Patching."""
    shape, style = book.shape, book.style
    page = Page(book, TAB, (16, *[9] * shape.n_head, 3, 9, 9, 11, 11, 11))
    page.furniture(
        TAB,
        (
            "Patching a head shows that it matters, but not to whom. Here its value of the clean run reaches one later "
            "head only, as its query, its key or its value.",
            "All other heads stay as they are in the corrupted run. The numbers are shares of the answer, as on the "
            "tab Patching.",
        ),
    )
    title(page, "You choose")
    sender = labelled_input(page, "sender", None, "", 4)
    page.plain(page.row - 1, 1, _strongest(patched.heads, shape.n_head), style.input)
    note = "At first, the head that restores most on the tab Patching. Type another: h.5.attn.head.1"
    page.text(page.row - 1, 5, note, style.aside)
    column, page_row = 1 + shape.n_head + _LIST, page.row
    page.row += 1
    title(page, "How much of the answer goes along each path?")
    first = page.row
    found = _list(page, column, f'GPT2_PATH_PATCH({patched.arguments},{sender},"",model_used)')
    page.row = first
    share = f"INDEX({patched.heads},{_number(sender, 2)}+1,{_number(sender, 5)}+1)"
    whole = f'IFERROR(IF(LEN({share})=0,"",{share}),"")'
    labelled_value(
        page, "whole head", whole, "The share on the tab Patching, along all paths together.", style.value_number
    )
    direct = unless_message(found, f"INDEX({found}#,2,3)", found)
    labelled_value(
        page, "direct", direct, "Through the stream and the MLPs, and through no later head.", style.value_number
    )
    place = page.place(page.row - 1, 1)
    for number, name in enumerate(("queries", "keys", "values")):
        page.row += 1
        _map(page, name, found, 3 + number)
    page.row = max(page.row, first + 1 + (shape.n_layer - 1) * shape.n_head)
    page.sheet.print_area(0, 0, page_row + 5 + 3 * (shape.n_layer + 3), column + 4)
    page.sheet.freeze_panes(1, 0)
    return Paths(sender.replace("$", ""), place)


def _strongest(heads: str, n_head: int) -> str:
    """The name of the head with the largest share; of several, the first."""
    number = f"(ROW({heads})-MIN(ROW({heads})))*{n_head}+COLUMN({heads})-MIN(COLUMN({heads}))"
    first = f"MOD({_MANY}-SUMPRODUCT(MAX(({heads}=MAX({heads}))*({_MANY}-({number})))),{_MANY})"  # 0 without shares
    return f'IFERROR("h."&INT({first}/{n_head})&".attn.head."&MOD({first},{n_head}),"h.0.attn.head.0")'


def _number(sender: str, part: int) -> str:
    """The layer (part 2) or the head (part 5) in the sender's name, which has its parts between dots."""
    return f'VALUE(TRIM(MID(SUBSTITUTE({sender},".",REPT(" ",99)),{99 * (part - 1) + 1},99)))'


def _list(page: Page, column: int, formula: str) -> str:
    """The list of all paths; returns its first cell."""
    style, shape = page.style, page.book.shape
    formats = (style.position, style.position, style.cell_restored, style.cell_restored, style.cell_restored)
    rows = 1 + (shape.n_layer - 1) * shape.n_head
    first = page.row + 1
    cell = table(page, column, formula, formats, rows)
    for at in range(column + 1, column + len(formats)):
        page.sheet.write_blank(first - 1, at, None, style.header_centred)
    page.sheet.conditional_format(first, column + 2, first + rows - 1, column + 4, look.RESTORED_SCALE)
    return cell


def _map(page: Page, name: str, found: str, column: int) -> None:
    """A map of the shares by one input of each later head: a row for each layer, a column for each head."""
    shape, style = page.book.shape, page.style
    page.text(page.row, 0, f"To the {name} of later heads", style.bold)
    page.row += 1
    first, last = layer_frame(page, 0, range(shape.n_head), style.cell_restored)
    for layer in range(shape.n_layer):
        for head in range(shape.n_head):
            place = f"3+({layer}-INDEX({found}#,3,1))*{shape.n_head}+{head}"
            share = f'IFERROR(IF({layer}<INDEX({found}#,3,1),"",INDEX({found}#,{place},{column})),"")'
            page.plain(first + layer, 1 + head, share, style.cell_restored)
    page.sheet.conditional_format(first, 1, last, shape.n_head, _SCALE)
    page.row = last + 1
