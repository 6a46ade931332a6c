"""The tab Attribution: splits the answer's logit into what each part of the model adds to it."""

from __future__ import annotations

from workbook_templates import style as look
from workbook_templates.book import Book
from workbook_templates.grids import area, labelled_input, labelled_value, layer_frame, table, title, unless_message
from workbook_templates.range import Range
from workbook_templates.sheet import Page

TAB = "Attribution"

_LOGIT = 4  # the column of the logit in the function's table, counted from 1
_RIGHT = 5  # the column in which the summaries begin
_LARGEST = 12


def write_attribution(book: Book) -> Range:
    """Writes the tab: every part, sums by kind with a check, a heat map, the largest parts, two charts.

    Returns the cells with what the attention and the MLP of each layer add to the logit.
    """
    shape, style = book.shape, book.style
    page = Page(book, TAB, (24, 14, 8, 11, 3, 24, *[7.5] * (shape.n_head + 2), 3, 11, 11))
    page.furniture(
        TAB,
        (
            "The final residual stream is the sum of what the embeddings, heads, MLPs and biases add to it. So the "
            "logit of a token is a sum, too: above 0, a part favours the token; below 0, it works against it.",
            "With a second token, the tab splits the difference between the two logits.",
        ),
    )
    title(page, "You choose")
    target = labelled_input(page, "token", None, "Type the space before it, too. Blank: the model's answer.")
    against = labelled_input(page, "against", None, "A second token, or blank.")
    used = labelled_value(page, "logit of", f'IF({target}="",next_token,{target})', "", style.result)
    page.row += 1
    title(page, "Every part, in the order of the computation. On the right, a summary")
    top = page.row
    formats = (style.text, style.position, style.position, style.logit)
    n_parts = 2 + shape.n_layer * (shape.n_head + 2) + 1
    other = book.dialect.typed(against)
    parts = table(page, 0, f"GPT2_ATTRIBUTION(prompt_used,{used},{other},model_used)", formats, n_parts + 1)
    end = page.row
    page.row = top
    grid = _grid_row(page)
    _summary(page, parts, grid, used, against)
    page.row = grid - 2
    _grid(page, parts, area(page, top + 3, _LOGIT - 1, top + n_parts - 1, _LOGIT - 1))
    names, logits = (area(page, top + 1, column, top + n_parts, column) for column in (0, _LOGIT - 1))
    _largest(page, parts, names, logits)
    page.sheet.print_area(0, 0, page.row + 20, _RIGHT + shape.n_head + 5)
    page.sheet.freeze_panes(1, 0)
    page.row = end
    column = _sums_column(page)
    return Range(TAB, grid, column, grid + shape.n_layer - 1, column + 1)


def _sums_column(page: Page) -> int:
    """The first of the two columns with the sums of each layer."""
    return _RIGHT + page.book.shape.n_head + 4


def _grid_row(page: Page) -> int:
    """The first row of the layer x head heat map."""
    return page.row + 12


def _summary(page: Page, parts: str, grid: int, used: str, against: str) -> None:
    """The sums by kind, and the check that all parts sum to the logit."""
    shape, style = page.book.shape, page.style

    def columns(start: int, stop: int) -> str:
        return f"{page.at(grid, _RIGHT + 1 + start)}:{page.at(grid + shape.n_layer - 1, _RIGHT + 1 + stop)}"

    bias, mlp = shape.n_head, shape.n_head + 1
    final = 2 + shape.n_layer * (shape.n_head + 2) + 2
    kinds = (
        ("embeddings", f"INDEX({parts}#,2,{_LOGIT})+INDEX({parts}#,3,{_LOGIT})"),
        ("attention heads", f"SUM({columns(0, bias - 1)})"),
        ("MLPs", f"SUM({columns(mlp, mlp)})"),
        ("biases", f"SUM({columns(bias, bias)})+INDEX({parts}#,{final},{_LOGIT})"),
    )
    page.text(page.row, _RIGHT, "By kind", style.header)
    page.text(page.row, _RIGHT + 1, "logit", style.header_right)
    page.row += 1
    start = page.row
    for kind, formula in kinds:
        page.text(page.row, _RIGHT, kind)
        page.formula(page.row, _RIGHT + 1, unless_message(parts, formula), style.logit)
        page.row += 1
    page.text(page.row, _RIGHT, "sum", style.bold)
    total = f"SUM({page.at(start, _RIGHT + 1)}:{page.at(page.row - 1, _RIGHT + 1)})"
    page.formula(page.row, _RIGHT + 1, unless_message(parts, total), style.result_logit)
    page.row += 1
    page.text(page.row, _RIGHT, "the logit itself", style.bold)
    track = f"INDEX(GPT2_LENS_TRACK(prompt_used,{{}},-1,model_used),{shape.n_layer + 2},2)"
    logit = f'{track.format(used)}-IF({against}="",0,{track.format(against)})'
    page.formula(page.row, _RIGHT + 1, unless_message(parts, logit), style.result_logit)
    page.row += 1
    page.text(page.row, _RIGHT, "check: the difference", style.bold)
    difference = f"{page.at(page.row - 1, _RIGHT + 1)}-{page.at(page.row - 2, _RIGHT + 1)}"
    page.formula(page.row, _RIGHT + 1, unless_message(parts, f"ABS({difference})"), style.check)
    page.text(page.row, _RIGHT + 3, "must be below 0.001", style.note)
    page.book.name("attribution_check", page.place(page.row, _RIGHT + 1))


def _grid(page: Page, parts: str, logits: str) -> None:
    """Layers down; heads, then the attention's bias and the MLP across; then the layer's sums for the chart.

    logits: those of the parts of the blocks, which follow the two embeddings in the table
    """
    shape, style = page.book.shape, page.style
    width = shape.n_head + 2
    page.text(page.row, _RIGHT, "By layer and head: orange favours the token, blue works against it", style.bold)
    page.row += 1
    header = page.row
    first, last = layer_frame(page, _RIGHT, (*range(shape.n_head), "bias", "MLP"), style.cell_number)
    formula = f"INDEX({logits},SEQUENCE({shape.n_layer},{width}),1)"
    page.formula(first, _RIGHT + 1, unless_message(parts, formula), style.cell_number, (shape.n_layer, width))
    page.sheet.conditional_format(first, _RIGHT + 1, last, _RIGHT + width, look.SIGNED_SCALE)
    _by_layer(page, parts, header)


def _by_layer(page: Page, parts: str, header: int) -> None:
    shape, style = page.book.shape, page.style
    first, last, column = header + 1, header + shape.n_layer, _sums_column(page)
    for at, text in ((column, "attention"), (column + 1, "MLP")):
        page.text(header, at, text, style.header_right)
    for row in range(first, last + 1):
        heads = f"SUM({page.at(row, _RIGHT + 1)}:{page.at(row, _RIGHT + shape.n_head + 1)})"
        page.formula(row, column, unless_message(parts, heads), style.logit)
        page.formula(row, column + 1, unless_message(parts, page.at(row, _RIGHT + shape.n_head + 2)), style.logit)
    chart = page.book.workbook.add_chart({"type": "column", "subtype": "stacked"})
    for at, colour in ((column, look.ATTENTION), (column + 1, look.POSITIVE)):
        chart.add_series(
            {
                "name": [page.name, header, at],
                "categories": [page.name, first, _RIGHT, last, _RIGHT],
                "values": [page.name, first, at, last, at],
                "fill": {"color": colour},
                "gap": 40,
            }
        )
    look.dress_chart(chart, "What each layer adds")
    chart.set_x_axis({"name": "layer", "label_position": "low"})
    chart.set_y_axis({"name": "logit", **look.GRIDLINES})
    chart.set_size({"width": 500, "height": 330})
    page.row = last + 2
    page.sheet.insert_chart(page.row + _LARGEST + 3, _RIGHT, chart)


def _largest(page: Page, parts: str, names: str, logits: str) -> None:
    """The parts that add or subtract the most, as a table and a bar chart."""
    style = page.style
    page.text(page.row, _RIGHT, f"The {_LARGEST} largest parts", style.header)
    page.text(page.row, _RIGHT + 1, "logit", style.header_right)
    first, last = page.row + 1, page.row + _LARGEST
    for row in range(first, last + 1):
        page.sheet.write_blank(row, _RIGHT, None, style.text)
        page.sheet.write_blank(row, _RIGHT + 1, None, style.logit)
    pieces = page.book.dialect.largest(names, logits, _LARGEST)
    for column, (piece, cell_format) in enumerate(zip(pieces, (style.text, style.logit), strict=False), start=_RIGHT):
        page.formula(first, column, unless_message(parts, piece.formula), cell_format, (_LARGEST, piece.columns))
    chart = page.book.workbook.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "logit",
            "categories": [page.name, first, _RIGHT, last, _RIGHT],
            "values": [page.name, first, _RIGHT + 1, last, _RIGHT + 1],
            "fill": {"color": look.ATTENTION},
            "gap": 40,
            "data_labels": {"value": True, "num_format": look.LOGIT},
        }
    )
    look.dress_chart(chart, "The largest parts", legend=False)
    chart.set_y_axis({"reverse": True, "label_position": "low"})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": 640, "height": 290})
    page.sheet.insert_chart(page.row, _RIGHT + 3, chart)
    page.row = last + 2
