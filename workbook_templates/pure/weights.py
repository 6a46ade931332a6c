"""The tabs of constants: the weights of each block, and the embeddings of tokens and positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from udfs.backend.gpt2.config import Config
from workbook_templates.book import Book
from workbook_templates.pure.contents import Contents, Numbers, Weights
from workbook_templates.range import Range
from workbook_templates.sheet import Page

FIRST_WEIGHT = 3  # the column in which the numbers of a table begin
PRINTED_ROWS, PRINTED_COLUMNS = 60, 20
CHANNEL_WIDTH = 9

TOP = 4  # the row of the first tensor's bar

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
    ("mlp.c_fc.weight", "from the stream to the MLP's neurons"),
    ("mlp.c_fc.bias", "and what is added to each"),
    ("mlp.c_proj.weight", "from the neurons back to the stream"),
    ("mlp.c_proj.bias", "and what is added to each channel"),
)

_VOCABULARY_TOP, _POSITIONS_TOP = 7, 5  # the first row of each table
_COUNT_ROW = 4  # the row with the number of tokens that share a row, on the tab Vocabulary
MATRICES = "attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight"


def rounding(bits: int | None) -> tuple[str, ...]:
    """What a reader should know about whole-number weights, as lines for a tab."""
    if bits is None:
        return ()
    most = 2 ** (bits - 1) - 1
    return (
        f"To save space, each weight is a whole number of {bits} bits, -{most:,} to {most:,}, times the scale "
        "of its output channel (the largest weight of the channel / "
        f"{most:,}).",
        "So a weight is off by at most half a scale, and an output by at most half a scale × the sum of all |x|. "
        "Biases and LayerNorms are not rounded.",
    )


def block_weights(config: Config, layer: int, sheet: str, bits: int | None = None) -> dict[str, Range]:
    """The ranges of a block's tensors by the last part of their names, each below a bar and a row of numbers.

    The scales of a rounded matrix are `attn.c_attn.scale`, the row above it.
    """
    tensors, row = {}, TOP + len(rounding(bits))
    for name, _ in TENSORS:
        *rows, width = config.shapes()[f"h.{layer}.{name}"]
        height = rows[0] if rows else 1
        row += 2
        if name in MATRICES and bits:
            scale = f"{name.removesuffix('.weight')}.scale"
            tensors[scale] = Range(sheet, row, FIRST_WEIGHT, row, FIRST_WEIGHT + width - 1)
            row += 1
        tensors[name] = Range(sheet, row, FIRST_WEIGHT, row + height - 1, FIRST_WEIGHT + width - 1)
        row += height + 1
    return tensors


def write_weights(book: Book, contents: Contents, layer: int) -> None:
    """Writes the tab with all tensors of one block, one below the other."""
    name = f"Weights {layer}"
    page = Page(book, name, (11, 16, 3), FIRST_WEIGHT, kind="weight")
    page.sheet.set_column(FIRST_WEIGHT, FIRST_WEIGHT + 4 * contents.config.n_embd - 1, CHANNEL_WIDTH)
    page.sheet.set_zoom(90)
    page.furniture(f"Weights of Block {layer}", rounding(contents.bits))
    places = block_weights(contents.config, layer, name, contents.bits)
    links = page.row
    page.row += 1
    page.link(links, 0, f"Block {layer}", "A1", f"Block {layer}")
    for number, (tensor, meaning) in enumerate(TENSORS):
        full_name = f"h.{layer}.{tensor}"
        values = contents.matrix(full_name) if tensor in MATRICES else Weights(contents.vector(full_name))
        if tensor.endswith("weight"):
            page.link(links, FIRST_WEIGHT + number, name, page.at(page.row, 0), tensor.removesuffix(".weight"))
        _tensor(page, full_name, meaning, values, places[tensor])
    page.sheet.freeze_panes(links + 1, FIRST_WEIGHT)
    page.sheet.print_area(0, 0, PRINTED_ROWS, PRINTED_COLUMNS)


def _tensor(page: Page, name: str, meaning: str, values: Weights, cells: Range) -> None:
    page.sheet.set_row(page.row, None, page.style.heading)
    height, width = values.numbers.shape
    size = f"{height} x {width}" if height > 1 else f"{width}"
    for column, text in enumerate((name, "", "", f"{meaning} ({size})")):
        if text:
            page.text(page.row, column, text, page.style.heading)
    page.row += 1
    page.book.numbers.add(page.sheet, page.row, FIRST_WEIGHT, np.arange(width)[None], page.style.channel)
    page.row += 1
    if values.scales is not None:
        page.text(page.row, 1, "scale", page.style.label)
        page.book.numbers.add(page.sheet, page.row, FIRST_WEIGHT, values.scales[None], page.style.scale)
        page.row += 1
    assert (page.row, page.row + height - 1) == (cells.row, cells.last_row)
    for row in range(height):
        page.sheet.write_number(page.row + row, 0, row, page.style.position)
    numbers(page, page.row, FIRST_WEIGHT, values.numbers)
    page.row += height + 1


def numbers(page: Page, top: int, left: int, values: Numbers) -> None:
    """A table of weights, one per cell."""
    if len(values) == 1:
        page.book.numbers.add(page.sheet, top, left, values, page.style.weight)
        return
    page.book.numbers.add(page.sheet, top, left, values)
    last_row, last_column = top + len(values) - 1, left + values.shape[1] - 1
    # One rule colours all cells: a format in each would take space in the file and time in LibreOffice.
    rule = {"type": "no_blanks", "format": page.style.learned}
    page.sheet.conditional_format(top, left, last_row, last_column, rule)


@dataclass(frozen=True)
class Embedding:
    """The rows of an embedding, and the column of their scales if they are rounded."""

    numbers: Range
    scales: Range | None

    @property
    def product(self) -> str:
        """The weights, in a formula on another tab."""
        return f"{self.numbers.there}*{self.scales.there}" if self.scales else self.numbers.there

    def row(self, number: str) -> str:
        """One row, counted from 1, in a formula on another tab."""
        scale = f"*INDEX({self.scales.there},{number})" if self.scales else ""
        return f"INDEX({self.numbers.there},{number},0){scale}"

    def first(self, count: int) -> Embedding:
        """Its first rows."""
        return Embedding(self.numbers.rows(0, count), self.scales.rows(0, count) if self.scales else None)


@dataclass(frozen=True)
class Vocabulary:
    """The columns of the tab Vocabulary: each token's id, text, row number, and row of the embedding.

    embedding: one more row if there are tokens that share a row
    count: the cell with the number of these tokens
    """

    ids: Range
    tokens: Range
    numbers: Range
    embedding: Embedding
    count: Range

    @property
    def listed(self) -> Embedding:
        """The rows of the tokens that have a row of their own."""
        return self.embedding.first(self.ids.height)


def vocabulary(contents: Contents) -> Vocabulary:
    """The ranges of the token embedding."""
    top, last = _VOCABULARY_TOP, _VOCABULARY_TOP + len(contents.ids) - 1
    ids, tokens, rows = (Range("Vocabulary", top, column, last, column) for column in range(3))
    embedding = _embedding("Vocabulary", contents, top, len(contents.ids) + bool(contents.others))
    return Vocabulary(ids, tokens, rows, embedding, Range("Vocabulary", _COUNT_ROW, 0, _COUNT_ROW, 0))


def positions(contents: Contents) -> Embedding:
    """The ranges of the position embedding."""
    return _embedding("Positions", contents, _POSITIONS_TOP, contents.config.n_ctx)


def _embedding(sheet: str, contents: Contents, top: int, height: int) -> Embedding:
    last, left = top + height - 1, FIRST_WEIGHT + (contents.bits is not None)
    scales = Range(sheet, top, FIRST_WEIGHT, last, FIRST_WEIGHT) if contents.bits else None
    return Embedding(Range(sheet, top, left, last, left + contents.config.n_embd - 1), scales)


def write_vocabulary(book: Book, contents: Contents) -> None:
    """Writes the tab Vocabulary."""
    page = _embedding_page(book, contents, "Vocabulary", (9, 16, 9))
    page.furniture(
        "Vocabulary",
        (
            f"wte.weight: a row of numbers for each of the {len(contents.ids):,} tokens that the model has learned. "
            + (
                f"The other {len(contents.others):,} tokens of GPT-2 were not in the training texts: they share the "
                "last row."
                if contents.others
                else ""
            ),
        ),
    )
    assert page.row == _COUNT_ROW
    page.text(page.row, 1, "tokens without a row of their own", page.style.aside)
    page.sheet.write_number(page.row, 0, len(contents.others), page.style.whole)
    page.row += 2
    _table_header(page, contents, ("id", "token", "row"))
    top, last = _VOCABULARY_TOP, _VOCABULARY_TOP + len(contents.ids) - 1
    assert page.row == top
    for number, (token_id, token) in enumerate(zip(contents.ids, contents.tokens, strict=True)):
        page.sheet.write_number(top + number, 0, token_id, page.style.position)
        page.text(top + number, 1, token, page.style.token)
        page.sheet.write_number(top + number, 2, number + 1, page.style.channel)
    _write_embedding(page, contents.wte)
    if contents.others:
        page.text(last + 1, 1, "all others", page.style.token)
        page.row = last + 1
        _write_embedding(page, Weights(contents.other_row, np.ones(1) if contents.bits else None))
    page.sheet.freeze_panes(top, FIRST_WEIGHT)
    page.sheet.print_area(0, 0, PRINTED_ROWS, PRINTED_COLUMNS)


def write_positions(book: Book, contents: Contents) -> None:
    """Writes the tab Positions."""
    page = _embedding_page(book, contents, "Positions", (11, 11, 3))
    page.furniture(
        "Positions",
        (f"wpe.weight: the row that is added for each position. It uses the first {book.shape.tokens} rows.",),
    )
    _table_header(page, contents, ("position", "", ""))
    assert page.row == _POSITIONS_TOP
    for row in range(contents.config.n_ctx):
        page.sheet.write_number(page.row + row, 0, row, page.style.position)
    _write_embedding(page, contents.wpe)
    page.sheet.freeze_panes(page.row, FIRST_WEIGHT)
    page.sheet.print_area(0, 0, page.row + book.shape.tokens - 1, PRINTED_COLUMNS)


def _embedding_page(book: Book, contents: Contents, name: str, widths: Sequence[float]) -> Page:
    page = Page(book, name, widths, kind="weight")
    page.sheet.set_column(FIRST_WEIGHT, FIRST_WEIGHT + contents.config.n_embd, CHANNEL_WIDTH)
    return page


def _write_embedding(page: Page, weights: Weights) -> None:
    """Rows of an embedding from the page's row down, with their scales at their left."""
    left = FIRST_WEIGHT
    if weights.scales is not None:
        for row, scale in enumerate(weights.scales.tolist(), start=page.row):
            page.sheet.write_number(row, left, scale, page.style.scale)
        left += 1
    numbers(page, page.row, left, weights.numbers)


def _table_header(page: Page, contents: Contents, titles: Sequence[str]) -> None:
    shown = (*titles, "scale") if contents.bits else titles
    for column, title in enumerate(shown):
        page.text(page.row, column, title, page.style.header_right if column > 1 else page.style.header)
    channels = np.arange(contents.config.n_embd)[None]
    page.book.numbers.add(page.sheet, page.row, len(shown), channels, page.style.header_right)
    page.row += 1
