"""The tabs Functions, Weights and Result: the block by functions, its weights, and how far the native steps differ."""

from __future__ import annotations

from collections.abc import Iterator

from udfs.backend.gpt2.config import Config
from workbook_templates.bands import FIRST, BandPage, unless_error
from workbook_templates.book import MARK, READY, Book
from workbook_templates.next_tokens import TOKEN_TABLE
from workbook_templates.pure.block import Block
from workbook_templates.pure.page import Range
from workbook_templates.pure.weights import FIRST_WEIGHT, PRINTED_COLUMNS, PRINTED_ROWS, TENSORS, TOP, block_weights
from workbook_templates.sheet import Page

WEIGHTS = "Weights"
_PIECE = 200_000  # the most numbers in one spill: not every host can pass more


def write_functions(book: Book, config: Config, layer: int) -> dict[str, Range]:
    """Writes the tab and returns the range of each step, with room for all tokens."""
    tokens = book.dialect.part(f"{TOKEN_TABLE}#", 1, 2, above=1)
    page = BandPage(
        book,
        "Functions",
        f"Block {layer} by the functions",
        ("Every step of the block, computed by a function GPT2_... from the step before.",),
        labels=f'IF(status="{READY}",{tokens},"")',
    )
    width, weights = config.n_embd, f"h.{layer}"
    found: dict[str, Range] = {}

    def step(name: str, title: str, formula: str, columns: int = width) -> str:
        page.heading(name, title, ())
        band = page.band(formula, width=-(-columns // book.shape.channels))
        last = band.row + book.shape.tokens - 1
        found[name] = Range(page.name, band.row, FIRST, last, FIRST + columns - 1)
        return band.cell

    def layer_norm(x: str, name: str) -> str:
        title = f"LayerNorm, with {weights}.{name}."
        return step(name, title, f'GPT2_LAYERNORM({x}#,"{weights}.{name}",model_used)')

    def linear(x: str, name: str, parameter: str, columns: int = width) -> str:
        title = f"Times {weights}.{parameter}."
        return step(name, title, f'GPT2_LINEAR({x}#,"{weights}.{parameter}",model_used)', columns)

    def total(name: str, x: str, y: str) -> str:
        return step(name, "The stream plus that output.", unless_error((x, y), book.dialect.added(f"{x}#", f"{y}#")))

    stream = step(
        "stream",
        f"The residual stream that enters Block {layer}, for the prompt on the tab Prompt.",
        f'GPT2_RESIDUAL(prompt_used,"{weights}",model_used)',
    )
    qkv = linear(layer_norm(stream, "ln_1"), "q, k, v", "attn.c_attn", 3 * width)
    mix = step("mix", "What all heads gather.", f"GPT2_ATTENTION_MIX({qkv}#,model_used)")
    middle = total("add", stream, linear(mix, "attn c_proj", "attn.c_proj"))
    wide = linear(layer_norm(middle, "ln_2"), "c_fc", "mlp.c_fc", 4 * width)
    active = step("GELU", "Channel by channel.", f"GPT2_GELU({wide}#)", 4 * width)
    linear(active, "mlp c_proj", "mlp.c_proj")
    step("out", "The whole block by one function.", f"GPT2_BLOCK({layer},{stream}#,model_used)")
    page.finish("Result", "Native")
    return found


def write_weights(book: Book, config: Config, layer: int) -> None:
    """Writes the tab. A large tensor is spilled in several pieces, which together fill its range."""
    page = Page(book, WEIGHTS, (11, 16, 3), FIRST_WEIGHT, kind="weight")
    page.furniture(
        f"Weights of Block {layer}",
        ("What this block has learned, as GPT2_WEIGHT returns it, with the edits in the model text.",),
    )
    assert page.row == TOP
    places = block_weights(config, layer, WEIGHTS)
    for name, meaning in TENSORS:
        parameter, cells = f"h.{layer}.{name}", places.tensors[name]
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


def write_comparison(page: Page, block: Block, functions: dict[str, Range], width: int) -> str:
    """Fills the tab, names its two result cells and returns the cell of the largest difference."""
    page.furniture(
        "Result",
        (
            "The same block twice: by the spreadsheet's own formulas (tab Native), by the functions (tab Functions).",
            "If both are right, they agree to the 7 digits of float32; with ; float64 after the model's name, to 14.",
        ),
    )
    dialect = page.book.dialect
    facts = dialect.found('"width (n_embd)"', "Prompt!$A$1:$B$60" if dialect.is_fixed else "Prompt!$A:$B", 2)
    needed = f"{MARK} this workbook is for a model {width} wide, this one is "
    other = f'"{needed}"&{facts}&": {page.book.command("check")} --model NAME"'
    page.text(page.row, 0, "Problem", page.style.bold)
    page.plain(page.row, 1, f'IF(status<>"{READY}",status,IF({facts}<>{width},{other},""))', page.style.value)
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
    for name, native in block.steps.items():
        theirs = functions[name]
        page.text(page.row, 0, name)
        for column, formula in (
            (1, dialect.largest_difference(native.there, theirs.there)),
            (2, f"MAX(ABS({native.there}))"),
        ):
            shown = page.style.check if column == 1 else page.style.logit
            page.sheet.write_array_formula(
                page.row, column, page.row, column, f'{{=IF(unfit="",{formula},"")}}', shown, ""
            )
        page.row += 1
    differences = f"{page.at(first, 1)}:{page.at(page.row - 1, 1)}"
    page.plain(total, 1, f'IF(unfit="",MAX({differences}),unfit)', page.style.check)
    page.mark_errors(total, 1)
    page.sheet.print_area(0, 0, page.row, 3)
    return page.at(total, 1)
