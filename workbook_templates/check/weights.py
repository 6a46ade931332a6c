"""The tab Weights: all tensors of one block, spilled by GPT2_WEIGHT."""

from __future__ import annotations

from collections.abc import Iterator

from udfs.backend.gpt2.config import Config
from workbook_templates.book import Book
from workbook_templates.pure.page import Range
from workbook_templates.pure.weights import FIRST, PRINTED_COLUMNS, PRINTED_ROWS, TENSORS, TOP, block_weights
from workbook_templates.sheet import Page

TAB = "Weights"
_PIECE = 200_000  # the most numbers in one spill: not every host can pass more


def write_weights(book: Book, config: Config, layer: int) -> None:
    """Writes the tab. A large tensor is spilled in several pieces, which together fill its range."""
    page = Page(book, TAB, (11, 16, 3), FIRST, kind="weight")
    page.furniture(
        f"Weights of Block {layer}",
        ("What this block has learned, as GPT2_WEIGHT returns it, with the edits in the model text.",),
    )
    assert page.row == TOP
    places = block_weights(config, layer, TAB)
    for name, meaning in TENSORS:
        parameter, cells = f"h.{layer}.{name}", places.tensors[name]
        page.sheet.set_row(page.row, None, page.style.heading)
        page.text(page.row, 0, parameter, page.style.heading)
        page.text(page.row, FIRST, meaning, page.style.heading)
        page.sheet.set_row(page.row + 1, None, page.style.channel)
        for column in range(cells.width):
            page.sheet.write_number(page.row + 1, FIRST + column, column, page.style.channel)
        for row in range(cells.row, cells.last_row + 1):
            page.sheet.set_row(row, None, page.style.number)
            page.sheet.write_number(row, 0, row - cells.row, page.style.position)
        for piece in _pieces(cells):
            _spill(page, parameter, cells, piece)
        learned = {"type": "no_blanks", "format": page.style.learned}  # unless it holds a message
        page.sheet.conditional_format(cells.row, cells.column, cells.last_row, cells.last_column, learned)
        page.row = cells.last_row + 2
    page.sheet.freeze_panes(TOP, FIRST)
    page.sheet.print_area(0, 0, PRINTED_ROWS, PRINTED_COLUMNS)


def _spill(page: Page, parameter: str, cells: Range, piece: Range) -> None:
    height, left = piece.last_row - piece.row + 1, piece.column - cells.column
    part = f"{piece.row - cells.row},{height},{left},{piece.width}"
    formula = f'IF(unfit="",GPT2_WEIGHT("{parameter}",{part},model_used),unfit)'
    page.formula(piece.row, piece.column, formula, page.style.number, (height, piece.width))
    page.mark_errors(piece.row, piece.column)


def _pieces(cells: Range) -> Iterator[Range]:
    """Whole columns of a tensor, or whole rows if it is taller than wide."""
    height, width = cells.last_row - cells.row + 1, cells.width
    if height > width:
        step = max(1, _PIECE // width)
        yield from (cells.rows(first, min(step, height - first)) for first in range(0, height, step))
    else:
        step = max(1, _PIECE // height)
        yield from (cells.columns(first, min(step, width - first)) for first in range(0, width, step))
