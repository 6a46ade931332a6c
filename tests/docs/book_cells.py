"""What the figures of the guide need from the cells of a workbook."""

from __future__ import annotations

from itertools import takewhile
from typing import Any, Final

from addin.headless import Workbook
from tests.books import with_values
from tests.docs.lesson import row_of
from workbook_templates.formula.ranges import cell_name

IN_A_BLOCK: Final = 4  # the column in which the values of a tab Block begin
_SECOND: Final = 10  # the column of the second text on the tab SAE feature


def heading_row(book: Workbook, tab: str, step: str) -> int:
    """The row of a step's heading, counted from 0."""
    rows = book.used_values(tab)
    return next(at for at, row in enumerate(rows) if row[1] == step and row[0] not in (None, "position"))


def step_rows(book: Workbook, tab: str, step: str) -> list[list[Any]]:
    """The rows of a step's values, one for each token, with their position and token."""
    rows, top = book.used_values(tab), heading_row(book, tab, step)
    header = next(at for at in range(top, len(rows)) if rows[at][0] == "position")
    return list(takewhile(lambda row: isinstance(row[0], float), rows[header + 1 :]))


def row_of_numbers(book: Workbook, tab: str, step: str, token: int, first: int) -> list[float]:
    """The numbers of one token after a step."""
    row = step_rows(book, tab, step)[token]
    return [float(cell) for cell in takewhile(lambda cell: isinstance(cell, float), row[first:])]


def grid_cell(book: Workbook, tab: str, token: int, channel: int) -> str:
    """The cell of the yellow grid for one number of the stream."""
    top = heading_row(book, tab, "your edits")
    return f"'{tab}'!{cell_name(top + 3 + token, IN_A_BLOCK + 1 + channel)}"


def most_similar(book: Workbook, position: int | None = None) -> str:
    """The five other tokens that the tab Embeddings finds most similar to the one at a position."""
    cell = f"Embeddings!B{row_of(book, 'Embeddings', 'position', skip=4)}"
    with with_values(book, {cell: position}):
        first = row_of(book, "Embeddings", "rank")
        return ", ".join(str(row[1]).strip() for row in book.used_values("Embeddings")[first + 1 : first + 6])


def likeliest(book: Workbook) -> list[list[Any]]:
    """The rows of the table of next tokens: rank, token, id, logit, probability."""
    return list(book.get_range("next_tokens"))[1:]


def lane_of(rows: list[list[Any]], label: str) -> list[Any]:
    """The numbers beside a label of the map on the tab Start."""
    row = next(row for row in rows if row[1] == label)
    return [cell for cell in row[2:] if isinstance(cell, float)]


def tick_cell(book: Workbook, part: str) -> str:
    """The cell of a part's tick on the tab Circuit."""
    rows = book.used_values("Circuit")
    header = next(at for at, row in enumerate(rows) if "layer ↓ head →" in row)
    layer, name = part.split(".")[1], part.rpartition(".")[2]
    column = rows[header].index("MLP" if name == "mlp" else name)
    row = next(at for at in range(header, len(rows)) if layer == rows[at][rows[header].index("layer ↓ head →")])
    return f"Circuit!{cell_name(row + 1, column + 1)}"


def continuations(book: Workbook) -> dict[float, str]:
    """How the second prompt of the tab SAE feature goes on, by the coefficient."""
    first = row_of(book, "SAE feature", "coefficient", skip=1)
    rows = book.used_values("SAE feature")[first : first + 6]
    return {float(row[0]): str(row[_SECOND]) for row in rows}


def token_at(book: Workbook, position: int) -> str:
    """The token at a position, with its space."""
    return str(step_rows(book, "Embeddings", "token")[position][1])


def next_token(book: Workbook) -> str:
    return str(book.get("next_token")).strip()
