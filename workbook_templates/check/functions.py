"""The tab Functions: the steps of one block, computed by the functions GPT2_..."""

from __future__ import annotations

from udfs.backend.gpt2.config import Config
from workbook_templates.bands import FIRST, BandPage, unless_error
from workbook_templates.book import Book
from workbook_templates.mri.tokens import TOKEN_TABLE
from workbook_templates.places import READY
from workbook_templates.pure.page import Range


def write_functions(book: Book, config: Config, layer: int) -> dict[str, Range]:
    """Writes the tab and returns the range of each step, with room for all tokens."""
    body = book.dialect.body(f"{TOKEN_TABLE}#", columns=-1)
    page = BandPage(
        book,
        "Functions",
        f"Block {layer} by the functions",
        ("Every step of the block, computed by a function GPT2_... from the step before.",),
        labels=f'IF(status="{READY}",{body},"")',
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
