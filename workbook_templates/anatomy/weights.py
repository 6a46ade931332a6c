"""The tab Weights: all tensors of the model, a table of edits for the model text, and a view of one tensor."""

from __future__ import annotations

from workbook_templates.book import Book
from workbook_templates.sheet import Page
from workbook_templates.stops import Stop

WEIGHTS = Stop(
    "Weights",
    "What the model has learned, and where you can change it.",
    "One line in the yellow table is enough to switch off a head, an attention layer or an MLP in every formula.",
)

_EDITS = 5  # the column of the edit table
_EDIT_ROWS = 10
_COLUMNS = ("what", "where", "amount", "positions")
_LOOK_ROWS, _LOOK_COLUMNS = 10, 10
_PRINTED_ROWS = 60
_TENSOR = "h.0.mlp.c_fc.weight"


def write_weights(book: Book) -> tuple[str, str, str]:
    """Writes the tab, names the edit table and returns the cells of its first row: what, where and amount."""
    page = Page(book, "Weights", (25, 9, 9, 3, 3, 11, 28, *[10.5] * (_LOOK_COLUMNS + 6)), kind="weight")
    page.furniture(
        "Weights",
        ("All that the model has learned is in tables of numbers, called tensors. Change them in the yellow table.",),
    )
    top = page.row
    tensors = 4 + 12 * book.shape.n_layer
    inventory = _inventory(page, top, tensors)
    page.row = top
    first_edit = _edit_table(page)
    page.row += 1
    _look(page, inventory)
    page.sheet.freeze_panes(top + 2, 0)
    page.sheet.print_area(0, 0, top + _PRINTED_ROWS, _EDITS + 6 + _LOOK_COLUMNS)
    page.sheet.fit_to_pages(1, 1)
    return first_edit


def _inventory(page: Page, row: int, tensors: int) -> str:
    """Writes the table of all tensors and returns the range for looking one up."""
    page.text(row, 0, "Every tensor", page.style.bold)
    for column in range(3):
        page.sheet.write_blank(row + 1, column, None, page.style.header_right if column else page.style.header)
    page.formula(row + 1, 0, "GPT2_PARAMETERS(model)", page.style.header, (tensors + 1, 3))
    page.mark_errors(row + 1, 0)
    return f"{page.at(row + 1, 0)}#" if page.book.dialect.is_fixed else "$A:$C"


def _edit_table(page: Page) -> tuple[str, str, str]:
    page.text(page.row, _EDITS, "Your edits", page.style.bold)
    page.row += 1
    header = page.row
    for column, title in enumerate(_COLUMNS, start=_EDITS):
        page.text(header, column, title, page.style.header)
        for row in range(header + 1, header + 1 + _EDIT_ROWS):
            page.input(row, column, None)
    last = header + _EDIT_ROWS
    page.sheet.data_validation(
        header + 1,
        _EDITS,
        last,
        _EDITS,
        {"validate": "list", "source": ["set", "scale"], "error_message": "set or scale, in lower case."},
    )
    late = f"h.{page.book.shape.late_layer}"
    for row, (example, meaning) in enumerate(
        (
            ("set · h.0.mlp.c_fc.bias[17] · 0.5", "sets one weight; in a table of weights, write [row,column]"),
            (f"scale · {late}.attn.head.1 · 0", "switches off a head (amount 2 would double its output)"),
            (f"scale · {late}.attn · 0", "switches off a block's attention"),
            (f"scale · {late}.mlp · 0", "switches off a block's MLP"),
            ("positions", "blank for set and scale"),
        ),
        start=header + 1,
    ):
        page.text(row, _EDITS + len(_COLUMNS) + 1, example, page.style.text)
        page.text(row, _EDITS + len(_COLUMNS) + 5, meaning, page.style.note)
    page.text(header, _EDITS + len(_COLUMNS) + 1, "Examples", page.style.bold)
    page.book.name("weight_edits", page.place(header + 1, _EDITS, last, _EDITS + len(_COLUMNS) - 1))
    page.row = last + 1
    what, where, amount = (page.at(header + 1, _EDITS + column) for column in range(3))
    return what, where, amount


def _where_to_look(page: Page) -> tuple[str, str, str]:
    """Writes the inputs. Returns the cells of the tensor's name, the first row and the first column."""
    page.text(page.row, _EDITS, "Look at a tensor", page.style.bold)
    page.row += 1
    cells = []
    for label, value in (("tensor", _TENSOR), ("first row", 0), ("first column", 0)):
        page.text(page.row, _EDITS, label, page.style.text)
        page.input(page.row, _EDITS + 1, value)
        cells.append(page.at(page.row, _EDITS + 1, absolute=True))
        page.row += 1
    page.row += 1
    return cells[0], cells[1], cells[2]


def _look(page: Page, inventory: str) -> None:
    """A piece of one tensor, cut to the room reserved for it."""
    name, row, column = _where_to_look(page)
    dialect = page.book.dialect
    sizes = (
        f"MIN({room},IFERROR({dialect.found(name, inventory, index)}-{first},{room}))"
        for room, index, first in ((_LOOK_ROWS, 2, row), (_LOOK_COLUMNS, 3, column))
    )
    rows, columns = sizes
    first, counted = page.at(page.row + 1, _EDITS + 2), dialect.counted
    page.formula(
        page.row,
        _EDITS + 2,
        f'IF(ISTEXT({first}),"",{column}+{counted(first)})',
        page.style.channel,
        (1, _LOOK_COLUMNS),
    )
    for cell in range(1, _LOOK_COLUMNS):
        page.sheet.write_blank(page.row, _EDITS + 2 + cell, None, page.style.channel)
    page.text(page.row, _EDITS + 1, "row ↓   column →", page.style.channel)
    page.row += 1
    rows_shown = f'IF(ISTEXT({first}),"",{row}+{counted(first, down=True)})'
    page.formula(page.row, _EDITS + 1, rows_shown, page.style.channel, (_LOOK_ROWS, 1))
    for line in range(page.row, page.row + _LOOK_ROWS):
        if line > page.row:
            page.sheet.write_blank(line, _EDITS + 1, None, page.style.channel)
        for cell in range(_LOOK_COLUMNS):
            page.sheet.write_blank(line, _EDITS + 2 + cell, None, page.style.weight)
    page.formula(
        page.row,
        _EDITS + 2,
        f"GPT2_WEIGHT({name},{row},{rows},{column},{columns},model)",
        page.style.weight,
        (_LOOK_ROWS, _LOOK_COLUMNS),
    )
    page.mark_errors(page.row, _EDITS + 2)
