"""The tabs of constants: the words that can be typed, the embeddings, and the weights of each block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from udfs.backend.gpt2.config import Config
from workbook_templates.book import Book
from workbook_templates.pure.contents import PIECES, Contents, Numbers
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

_WORDS_TOP, _VOCABULARY_TOP, _FACTS_TOP, _POSITIONS_TOP = 5, 9, 4, 5  # the first row of each table


def block_weights(config: Config, layer: int, sheet: str) -> dict[str, Range]:
    """The ranges of a block's tensors by the last part of their names, each below a bar and a row of numbers."""
    tensors, row = {}, TOP
    for name, _ in TENSORS:
        *rows, width = config.shapes()[f"h.{layer}.{name}"]
        height = rows[0] if rows else 1
        tensors[name] = Range(sheet, row + 2, FIRST_WEIGHT, row + 1 + height, FIRST_WEIGHT + width - 1)
        row += height + 3
    return tensors


def write_weights(book: Book, contents: Contents, layer: int) -> None:
    """Writes the tab with all tensors of one block, one below the other."""
    name = f"Weights {layer}"
    page = Page(book, name, (11, 16, 3, *[CHANNEL_WIDTH] * (4 * contents.config.n_embd)), FIRST_WEIGHT, kind="weight")
    page.sheet.set_zoom(90)
    page.furniture(f"Weights of Block {layer}", ())
    places = block_weights(contents.config, layer, name)
    links = page.row
    page.row += 1
    page.link(links, 0, f"Block {layer}", "A1", f"Block {layer}")
    for number, (tensor, meaning) in enumerate(TENSORS):
        values = contents.weights(f"h.{layer}.{tensor}")
        if tensor.endswith("weight"):
            page.link(links, FIRST_WEIGHT + number, name, page.at(page.row, 0), tensor.removesuffix(".weight"))
        _tensor(page, f"h.{layer}.{tensor}", meaning, values, places[tensor])
    page.sheet.freeze_panes(links + 1, FIRST_WEIGHT)
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
        page.sheet.write_number(page.row, FIRST_WEIGHT + column, column, page.style.channel)
    page.row += 1
    assert (page.row, page.row + height - 1) == (cells.row, cells.last_row)
    for row in range(height):
        page.sheet.write_number(page.row + row, 0, row, page.style.position)
    numbers(page, page.row, values)
    page.row += height + 1


def numbers(page: Page, top: int, values: Numbers) -> None:
    """A table of weights, one per cell."""
    for row, line in enumerate(values.tolist(), start=top):
        page.sheet.write_run(row, FIRST_WEIGHT, line, page.style.weight)


@dataclass(frozen=True)
class WordTable:
    """The columns of the tab Words: each word, its length, its number of tokens, and their ids."""

    text: Range
    length: Range
    count: Range
    ids: Range


@dataclass(frozen=True)
class Vocabulary:
    """The columns of the tab Vocabulary: each token's id, text, row number, and row of the embedding.

    other_row: the mean row of the tokens that are not listed
    count, spread, radius: how many those are, and how they scatter around their mean
    """

    ids: Range
    tokens: Range
    numbers: Range
    rows: Range
    other_row: Range
    count: Range
    spread: Range
    radius: Range


def word_table(contents: Contents) -> WordTable:
    """The ranges of the table of words."""
    last = _WORDS_TOP + len(contents.words) - 1
    text, length, count = (Range("Words", _WORDS_TOP, column, last, column) for column in (1, 2, 3))
    return WordTable(text, length, count, Range("Words", _WORDS_TOP, 4, last, 3 + PIECES))


def vocabulary(contents: Contents) -> Vocabulary:
    """The ranges of the token embedding."""
    top, last, right = (
        _VOCABULARY_TOP,
        _VOCABULARY_TOP + len(contents.ids) - 1,
        FIRST_WEIGHT + contents.config.n_embd - 1,
    )
    ids, tokens, rows = (Range("Vocabulary", top, column, last, column) for column in range(3))
    count, spread, radius = (Range("Vocabulary", _FACTS_TOP + n, 0, _FACTS_TOP + n, 0) for n in range(3))
    return Vocabulary(
        ids=ids,
        tokens=tokens,
        numbers=rows,
        rows=Range("Vocabulary", top, FIRST_WEIGHT, last, right),
        other_row=Range("Vocabulary", last + 1, FIRST_WEIGHT, last + 1, right),
        count=count,
        spread=spread,
        radius=radius,
    )


def positions(book: Book, contents: Contents) -> Range:
    """The range of the position embedding, one row for each token that there is room for."""
    last, right = _POSITIONS_TOP + book.shape.tokens - 1, FIRST_WEIGHT + contents.config.n_embd - 1
    return Range("Positions", _POSITIONS_TOP, FIRST_WEIGHT, last, right)


def write_words(book: Book, contents: Contents) -> None:
    """Writes the tab Words."""
    page = Page(book, "Words", (9, 22, 9, 9, *[9] * PIECES), kind="weight")
    page.furniture(
        "Words",
        (
            "The words that a prompt may use. A space before a word belongs to it. Most words are one token, the "
            "others two or three.",
        ),
    )
    titles = ("", "word", "length", "tokens", *(f"id {piece}" for piece in range(PIECES)))
    _table_header(page, titles)
    top, last = _WORDS_TOP, _WORDS_TOP + len(contents.words) - 1
    assert page.row == top
    for row, word in enumerate(contents.words, start=top):
        page.text(row, 1, word.text, page.style.token)
        for column, number in enumerate((len(word.text), len(word.ids), *word.ids), start=2):
            page.sheet.write_number(row, column, number, page.style.whole)
    page.sheet.freeze_panes(top, 0)
    page.sheet.print_area(0, 0, min(last, PRINTED_ROWS), 10)


def write_vocabulary(book: Book, contents: Contents) -> None:
    """Writes the tab Vocabulary."""
    width, others = contents.config.n_embd, contents.others
    page = Page(book, "Vocabulary", (9, 16, 9, *[CHANNEL_WIDTH] * width), kind="weight")
    page.furniture(
        "Vocabulary",
        (
            f"wte.weight: a row of numbers for each of the {len(contents.ids):,} tokens that the model has learned. "
            f"The other {others.count:,} tokens of GPT-2 are rare in the training texts or absent, so "
            + (
                "they share one row, the last one here."
                if others.are_equal
                else "their rows are nearly the same. The last row here is their mean, and is used for all of them."
            ),
        ),
    )
    facts = (
        ("tokens without a row of their own", others.count, page.style.whole),
        ("variance of their numbers around the mean row", others.spread, page.style.text),
        ("largest distance of such a row from the mean row", others.radius, page.style.text),
    )
    assert page.row == _FACTS_TOP
    for title, value, cell_format in facts:
        page.text(page.row, 1, title, page.style.aside)
        page.sheet.write_number(page.row, 0, float(f"{value:.7g}"), cell_format)
        page.row += 1
    page.row += 1
    _table_header(page, ("id", "token", "row", *map(str, range(width))))
    top, last = _VOCABULARY_TOP, _VOCABULARY_TOP + len(contents.ids) - 1
    assert page.row == top
    for number, (token_id, token) in enumerate(zip(contents.ids, contents.tokens, strict=True)):
        page.sheet.write_number(top + number, 0, token_id, page.style.position)
        page.text(top + number, 1, token, page.style.token)
        page.sheet.write_number(top + number, 2, number + 1, page.style.channel)
    numbers(page, top, contents.wte)
    page.text(last + 1, 1, "all others", page.style.token)
    numbers(page, last + 1, others.mean[None])
    page.sheet.freeze_panes(top, FIRST_WEIGHT)
    page.sheet.print_area(0, 0, PRINTED_ROWS, PRINTED_COLUMNS)


def write_positions(book: Book, contents: Contents) -> None:
    """Writes the tab Positions."""
    width, tokens = contents.config.n_embd, book.shape.tokens
    page = Page(book, "Positions", (11, 11, 3, *[CHANNEL_WIDTH] * width), kind="weight")
    page.furniture(
        "Positions",
        (f"wpe.weight: the row that is added for each position, the first {tokens} of {contents.config.n_ctx}.",),
    )
    _table_header(page, ("position", "", "", *map(str, range(width))))
    values = contents.weights("wpe.weight")[:tokens]
    assert page.row == _POSITIONS_TOP
    for row in range(tokens):
        page.sheet.write_number(page.row + row, 0, row, page.style.position)
    numbers(page, page.row, values)
    page.sheet.freeze_panes(page.row, FIRST_WEIGHT)
    page.sheet.print_area(0, 0, page.row + tokens - 1, PRINTED_COLUMNS)


def _table_header(page: Page, titles: Sequence[str]) -> None:
    for column, title in enumerate(titles):
        page.text(page.row, column, title, page.style.header_right if column > 1 else page.style.header)
    page.row += 1
