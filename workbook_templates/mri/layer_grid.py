"""The frame of a table with a row for each layer and a column for each head."""

from __future__ import annotations

from collections.abc import Sequence

from xlsxwriter.format import Format

from workbook_templates.sheet import Page


def write_frame(page: Page, column: int, titles: Sequence[int | str], cell_format: Format) -> tuple[int, int]:
    """Writes titles across, layer numbers down and empty cells; returns the first and last row of the cells."""
    style, header = page.style, page.row
    first, last = header + 1, header + page.book.shape.n_layer
    page.text(header, column, "layer ↓ head →", style.label)
    for at, text in enumerate(titles, start=column + 1):
        page.sheet.write(header, at, text, style.position)
    for layer, row in enumerate(range(first, last + 1)):
        page.sheet.write_number(row, column, layer, style.position)
        for at in range(column + 1, column + 1 + len(titles)):
            page.sheet.write_blank(row, at, None, cell_format)
    return first, last
