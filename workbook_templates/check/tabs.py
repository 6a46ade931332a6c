"""The tabs Functions, Weights and Result: the block by functions, its weights, and how far the native steps differ."""

from __future__ import annotations

from collections.abc import Iterator

from udfs.backend.gpt2.config import Config
from workbook_templates.band import Band, unless_error
from workbook_templates.bands import BandPage
from workbook_templates.block import Block
from workbook_templates.book import READY, Book
from workbook_templates.next_tokens import TOKEN_TABLE
from workbook_templates.pure.weights import FIRST_WEIGHT, PRINTED_COLUMNS, PRINTED_ROWS, TENSORS, TOP, block_weights
from workbook_templates.range import Range
from workbook_templates.sheet import Page

WEIGHTS = "Weights"
_PIECE = 200_000  # the most numbers in one spill: not every host can pass more


def labels(book: Book) -> str:
    """The formula for positions and tokens, blank if the model does not fit."""
    tokens = book.dialect.part(f"{TOKEN_TABLE}#", 1, 2, above=1)
    return f'IF((status="{READY}")*(unfit=""),{tokens},"")'


def write_functions(book: Book, config: Config, layer: int) -> dict[str, Band]:
    """Writes the tab and returns the values of each step."""
    page = BandPage(
        book,
        "Functions",
        f"Block {layer} by the functions",
        ("Every step of the block: a function GPT2_... computes it from the step before.",),
        labels=labels(book),
    )
    width, weights = config.n_embd, f"h.{layer}"
    found: dict[str, Band] = {}

    def step(name: str, title: str, formula: str, columns: int = width) -> Band:
        page.heading(name, title, ())
        found[name] = page.band(formula, width=columns)
        return found[name]

    def layer_norm(x: Band, name: str) -> Band:
        title = f"LayerNorm, with {weights}.{name}."
        return step(name, title, f'GPT2_LAYERNORM({page.values_for_function(x)},"{weights}.{name}",model_used)')

    def linear(x: Band, name: str, parameter: str, columns: int = width) -> Band:
        title = f"Times {weights}.{parameter}."
        return step(
            name, title, f'GPT2_LINEAR({page.values_for_function(x)},"{weights}.{parameter}",model_used)', columns
        )

    def total(name: str, x: Band, y: Band) -> Band:
        page.heading(name, "The stream plus that output.", ())
        cells = page.rows()
        found[name] = page.put(cells, page.zeros_for_blanks(cells, f"{x.spill}+{y.spill}"), (x, y))
        return found[name]

    page.heading("stream", f"The residual stream that enters Block {layer}, for the prompt on the tab Prompt.", ())
    cells = page.rows()
    formula = f'GPT2_RESIDUAL(prompt_used,"{weights}",model_used)'
    stream = found["stream"] = page.put(cells, page.zeros_for_blanks(cells, formula), ())
    qkv = linear(layer_norm(stream, "ln_1"), "q, k, v", "attn.c_attn", 3 * width)
    page.heading("mix", "What each head gathers: a weighted average of the values.", ())
    mix = found["mix"] = _mix(page, qkv, config.n_head)
    middle = total("add", stream, linear(mix, "attn c_proj", "attn.c_proj"))
    wide = linear(layer_norm(middle, "ln_2"), "c_fc", "mlp.c_fc", 4 * width)
    active = step("GELU", "Channel by channel.", f"GPT2_GELU({page.values_for_function(wide)})", 4 * width)
    linear(active, "mlp c_proj", "mlp.c_proj")
    step(
        "out",
        "The stream that leaves the block: the whole block in one function.",
        f"GPT2_BLOCK({layer},{page.values_for_function(stream)},model_used)",
    )
    page.finish()
    return found


def _mix(page: BandPage, qkv: Band, n_head: int) -> Band:
    """The outputs of all heads, side by side."""
    width = qkv.cells.width // 3
    size = width // n_head
    cells = page.rows(width)
    for head in range(n_head):
        q, k, v = (page.values_for_function(qkv.columns(part * width + head * size, size)) for part in range(3))
        mixed = unless_error((qkv.cell,), f"GPT2_ATTENTION_MIX(GPT2_ATTENTION_PATTERN({q},{k}),{v})")
        page.array(cells.columns(head * size, size), mixed, page.style.number)
    return Band(cells, False, page.book.dialect.is_fixed)


def write_weights(book: Book, config: Config, layer: int) -> None:
    """Writes the tab. A large tensor is spilled in several pieces, which together fill its range."""
    page = Page(book, WEIGHTS, (11, 16, 3), FIRST_WEIGHT, kind="weight")
    page.furniture(
        f"Weights of Block {layer}",
        ("What this block has learned: GPT2_WEIGHT returns it, with the edits in the model text.",),
    )
    assert page.row == TOP
    places = block_weights(config, layer, WEIGHTS)
    for name, meaning in TENSORS:
        parameter, cells = f"h.{layer}.{name}", places[name]
        page.sheet.set_row(page.row, None, page.style.heading)
        page.text(page.row, 0, parameter, page.style.heading)
        page.text(page.row, FIRST_WEIGHT, meaning, page.style.heading)
        page.sheet.set_row(page.row + 1, None, page.style.channel)
        for column in range(cells.width):
            page.sheet.write_number(page.row + 1, FIRST_WEIGHT + column, column, page.style.channel)
        for row in range(cells.row, cells.last_row + 1):
            page.sheet.set_row(row, None, page.style.number)
            page.sheet.write_number(row, 0, row - cells.row, page.style.position)
        for piece in _pieces(cells):
            _spill(page, parameter, cells, piece)
        learned = {"type": "no_blanks", "format": page.style.learned}  # unless it holds a message
        page.sheet.conditional_format(cells.row, cells.column, cells.last_row, cells.last_column, learned)
        page.row = cells.last_row + 2
    page.sheet.freeze_panes(TOP, FIRST_WEIGHT)
    page.sheet.print_area(0, 0, PRINTED_ROWS, PRINTED_COLUMNS)


def _spill(page: Page, parameter: str, cells: Range, piece: Range) -> None:
    height, left = piece.height, piece.column - cells.column
    part = f"{piece.row - cells.row},{height},{left},{piece.width}"
    otherwise = "0" if page.book.dialect.is_fixed else "unfit"  # ranges of fixed size pass no message on
    formula = f'IF(unfit="",GPT2_WEIGHT("{parameter}",{part},model_used),{otherwise})'
    page.formula(piece.row, piece.column, formula, page.style.number, (height, piece.width))
    page.mark_errors(piece.row, piece.column)


def _pieces(cells: Range) -> Iterator[Range]:
    """Whole columns of a tensor, or whole rows if it is taller than wide."""
    height, width = cells.height, cells.width
    if height > width:
        step = max(1, _PIECE // width)
        yield from (cells.rows(first, min(step, height - first)) for first in range(0, height, step))
    else:
        step = max(1, _PIECE // height)
        yield from (cells.columns(first, min(step, width - first)) for first in range(0, width, step))


def write_comparison(page: Page, block: Block, functions: dict[str, Band]) -> str:
    """Fills the tab, names its two result cells and returns the cell of the largest difference."""
    page.furniture(
        "Result",
        (
            "The same block twice: by the spreadsheet's own formulas and by the functions. If both are right, they "
            "agree to the 7 digits of float32. With ; float64 after the model's name, they agree to 14.",
        ),
    )
    dialect = page.book.dialect
    page.text(page.row, 0, "Problem", page.style.bold)
    page.plain(page.row, 1, f'IF(status<>"{READY}",status,"")', page.style.value)
    page.mark_errors(page.row, 1)
    page.book.name("unfit", page.place(page.row, 1))
    page.row += 1
    total = page.row
    page.text(total, 0, "Largest difference", page.style.bold)
    page.book.name("largest_difference", page.place(total, 1))
    page.row += 2
    for column, title in enumerate(("step", "largest difference", "largest value")):
        page.text(page.row, column, title, page.style.header_right if column == 2 else page.style.header)
    page.row += 1
    first = page.row
    page.sheet.freeze_panes(first, 0)
    for name, theirs in functions.items():
        native = block.steps[name].of_tokens_outside
        page.text(page.row, 0, name)
        for column, formula, shown in (
            (1, dialect.largest_difference(native, theirs.of_tokens_outside), page.style.check),
            (2, f"MAX(ABS({native}))", page.style.logit),
        ):
            page.formula(page.row, column, f'IF(unfit="",{formula},"")', shown)
        page.row += 1
    differences = f"{page.at(first, 1)}:{page.at(page.row - 1, 1)}"
    page.plain(total, 1, f'IF(unfit="",MAX({differences}),unfit)', page.style.check)
    page.mark_errors(total, 1)
    page.sheet.print_area(0, 0, page.row, 3)
    return page.at(total, 1)
