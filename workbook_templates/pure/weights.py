"""The tabs Weights 0, Weights 1, ...: all tensors of a block, one number per cell."""

from __future__ import annotations

from dataclasses import dataclass

from udfs.backend.gpt2.config import Config
from workbook_templates.book import Book
from workbook_templates.pure.contents import Contents, Numbers
from workbook_templates.pure.page import Range
from workbook_templates.sheet import Page

FIRST = 3  # the column in which the numbers of a table begin
PRINTED_ROWS, PRINTED_COLUMNS = 60, 20
CHANNEL_WIDTH = 9

TOP = 3  # the row of the first tensor's bar

# The tensors of a block, and what each of them does.
TENSORS = (
    ("ln_1.weight", "the LayerNorm before attention: how much each channel is scaled"),
    ("ln_1.bias", "and what is added to it"),
    (
        "attn.c_attn.weight",
        "from the stream to queries, keys and values: one row per input channel, one column per output channel",
    ),
    ("attn.c_attn.bias", "and what is added to each"),
    ("attn.c_proj.weight", "from the heads' outputs back to the stream"),
    ("attn.c_proj.bias", "and what is added to each channel"),
    ("ln_2.weight", "the LayerNorm before the MLP"),
    ("ln_2.bias", "and what is added to it"),
    ("mlp.c_fc.weight", "from the stream to the MLP's detectors"),
    ("mlp.c_fc.bias", "and what is added to each"),
    ("mlp.c_proj.weight", "from the detectors back to the stream"),
    ("mlp.c_proj.bias", "and what is added to each channel"),
)


@dataclass(frozen=True)
class BlockWeights:
    """The ranges of one block's tensors, by the last part of their names: `attn.c_attn.weight`."""

    tensors: dict[str, Range]

    def __getitem__(self, name: str) -> str:
        return self.tensors[name].there


def block_weights(config: Config, layer: int, sheet: str) -> BlockWeights:
    """The ranges of a block's tensors, each below a bar and a row of channel numbers."""
    tensors, row = {}, TOP
    for name, _ in TENSORS:
        *rows, width = config.shapes()[f"h.{layer}.{name}"]
        height = rows[0] if rows else 1
        tensors[name] = Range(sheet, row + 2, FIRST, row + 1 + height, FIRST + width - 1)
        row += height + 3
    return BlockWeights(tensors)


def write_weights(book: Book, contents: Contents, layer: int) -> None:
    """Writes the tab with all tensors of one block, one below the other."""
    name = f"Weights {layer}"
    page = Page(book, name, (11, 16, 3, *[CHANNEL_WIDTH] * (4 * contents.config.n_embd)), FIRST, kind="weight")
    page.sheet.set_zoom(90)
    page.furniture(
        f"Weights of Block {layer}",
        ("What this block has learned, the same for every prompt. Type over any number: all that follows changes.",),
    )
    places = block_weights(contents.config, layer, name)
    links = page.row - 1
    page.link(links, 0, f"Block {layer}", "A1", f"Block {layer}")
    for number, (tensor, meaning) in enumerate(TENSORS):
        values = contents.weights(f"h.{layer}.{tensor}")
        if tensor.endswith("weight"):
            page.link(links, FIRST + number, name, page.at(page.row, 0), tensor.removesuffix(".weight"))
        _tensor(page, f"h.{layer}.{tensor}", meaning, values, places.tensors[tensor])
    page.sheet.freeze_panes(links + 1, FIRST)
    page.sheet.print_area(0, 0, PRINTED_ROWS, PRINTED_COLUMNS)


def _tensor(page: Page, name: str, meaning: str, values: Numbers, cells: Range) -> None:
    page.sheet.set_row(page.row, None, page.style.heading)
    height, width = values.shape
    size = f"{height} x {width}" if height > 1 else f"{width}"
    for column, text in enumerate((name, "", "", f"{meaning} ({size})")):
        if text:
            page.text(page.row, column, text, page.style.heading)
    page.row += 1
    for column in range(width):
        page.sheet.write_number(page.row, FIRST + column, column, page.style.channel)
    page.row += 1
    assert (page.row, page.row + height - 1) == (cells.row, cells.last_row)
    for row in range(height):
        page.sheet.write_number(page.row + row, 0, row, page.style.position)
    numbers(page, page.row, values)
    page.row += height + 1


def numbers(page: Page, top: int, values: Numbers) -> None:
    """A table of weights, one per cell."""
    cell_format, write = page.style.weight, page.sheet.write_number
    for row, line in enumerate(values.tolist(), start=top):
        for column, number in enumerate(line, start=FIRST):
            write(row, column, number, cell_format)
