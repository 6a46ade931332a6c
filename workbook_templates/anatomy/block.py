"""The tabs Block 0, Block 1, ...: one transformer block step by step, from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbook_templates import walkthrough
from workbook_templates.anatomy.embeddings import LABELS
from workbook_templates.bands import FIRST, SHARES, Band, BandPage, Headers, unless_error
from workbook_templates.book import Book
from workbook_templates.formula import Piece
from workbook_templates.grids import whole_number


def write_block(book: Book, layer: int, incoming: Band, before: str) -> tuple[Band, str]:
    """Writes one block's tab. Returns the stream that leaves the block, and the first cell of the edit grid."""
    last = layer == book.shape.n_layer - 1
    page = BandPage(
        book,
        f"Block {layer}",
        f"Block {layer}",
        (
            *walkthrough.BLOCK,
            "Blue is below zero, orange above. To change a weight of this block, use the tab Weights.",
        ),
        labels=LABELS,
        twin="Block 0" if layer else None,
    )
    stream, first_edit = _stream_in(page, layer, incoming, before)
    middle = _attention(page, layer, stream)
    out = _mlp(page, layer, middle)
    _check(page, layer, stream, out)
    page.finish(before, "Head" if last else f"Block {layer + 1}")
    return out, first_edit


def _stream_in(page: BandPage, layer: int, incoming: Band, before: str) -> tuple[Band, str]:
    page.heading("stream", f"The residual stream from the tab {before}: one row per token, one column per channel.", ())
    arrived = page.band(incoming.spill_outside)
    page.heading(
        "your edits",
        "To replace a value above, type a number here, in the same row and channel. A blank cell changes nothing.",
        (),
        numbered=False,
    )
    first_edit = page.at(page.row + 1, FIRST)
    edits = page.edit_grid(arrived)
    coefficient, vector = _steering_row(page, arrived)
    page.heading(
        "edited",
        "The stream with your edits, the steering vector, and what the model text adds. All steps below start here.",
        (),
        numbered=False,
    )
    over = page.book.dialect.typed_over(edits, arrived.spill)
    edited = _added(f"GPT2_EDIT({arrived.spill},{over})", f"h.{layer}")
    steered = f"GPT2_STEER({edited},{page.book.dialect.typed(vector)},{coefficient},,model)"
    return page.band(f"IF({coefficient}=0,{edited},{steered})"), first_edit


def _steering_row(page: BandPage, arrived: Band) -> tuple[str, str]:
    """Inputs for a vector and its coefficient, 0 at first. Returns the coefficient's cell and the vector's range."""
    page.heading(
        "steering",
        "This vector, times the coefficient in the yellow cell on the left, is added to every row. 0 turns it off.",
        ("Type or paste a row of numbers, or type a formula into the first cell, such as =GPT2_SAE_FEATURE(6, 84).",),
        numbered=False,
    )
    page.text(page.row, 0, "coefficient", page.style.bold)
    page.input(page.row, 1, 0)
    coefficient = page.at(page.row, 1, absolute=True)
    page.row += 1
    return coefficient, page.edit_grid(arrived, rows=1, labels=('"steer"', '"vector"'))


def _added(values: str, *places: str) -> str:
    """The formula for the values plus what the model text adds at these places."""
    for place in places:
        values = f'GPT2_ADDED({values},"{place}",model)'
    return values


def _attention(page: BandPage, layer: int, stream: Band) -> Band:
    shape, weights = page.book.shape, f"h.{layer}.attn"
    page.heading(
        "ln_1",
        f"LayerNorm: each row minus its mean, divided by its spread, then scaled and shifted by h.{layer}.ln_1.",
        (),
    )
    normal = page.band(f'GPT2_LAYERNORM({stream.spill},"h.{layer}.ln_1",model)')

    page.heading(
        "q, k, v",
        f"Each head makes a query (what I look for), a key (what I am) and a value (what I pass on): {weights}.c_attn.",
        (),
    )
    qkv = page.band(
        f'GPT2_LINEAR({normal.spill},"{weights}.c_attn",model)', headers=_qkv_headers(shape.n_head), width=3
    )

    page.heading(
        "scores",
        "How well each token's query matches the keys of the tokens up to it, in one head: query · key / √(head size).",
        ("Choose a head in the yellow cell on the left.",),
    )
    head = _head_chooser(page)
    scores = f"GPT2_ATTENTION_SCORES({qkv.spill},{head},model)"
    page.band(scores, headers=_token_header(), columns=shape.tokens)

    page.heading(
        "patterns",
        "Where each head looks: the softmax of its scores. Row: the token that looks. Column: the token looked at.",
        ("In each head, every row sums to 1: the greener, the more attention. No token sees a later one.",),
    )
    _write_patterns(page, qkv)

    page.heading(
        "mix",
        "What each head gathers: the values of the tokens, weighted by its pattern. The heads are side by side.",
        (),
    )
    mix = page.band(f"GPT2_ATTENTION_MIX({qkv.spill},model)", headers=_mix_headers(shape.n_head))

    page.heading(
        "c_proj", f"What attention adds to the stream: the outputs of all heads, combined by {weights}.c_proj.", ()
    )
    said = f'GPT2_LINEAR({mix.spill},"{weights}.c_proj",model)'
    attention = page.band(_added(said, f"h.{layer}.attn", f"h.{layer}.mid"))

    page.heading("add", "Stream plus attention: a plain addition, cell by cell.", ())
    return page.band(page.sum_of(stream, attention))


def _mlp(page: BandPage, layer: int, middle: Band) -> Band:
    weights = f"h.{layer}.mlp"
    page.heading("ln_2", f"LayerNorm again, with h.{layer}.ln_2.", ())
    normal = page.band(f'GPT2_LAYERNORM({middle.spill},"h.{layer}.ln_2",model)')

    page.heading(
        "c_fc", f"The MLP widens each row to four times as many channels, each of them a detector: {weights}.c_fc.", ()
    )
    wide = page.band(f'GPT2_LINEAR({normal.spill},"{weights}.c_fc",model)', width=4)

    page.heading("GELU", "Channel by channel: large values pass, values below zero shrink to almost nothing.", ())
    active = page.band(f"GPT2_GELU({wide.spill})", width=4)

    page.heading("c_proj", f"What the MLP adds to the stream: the detectors' values, combined by {weights}.c_proj.", ())
    said = f'GPT2_LINEAR({active.spill},"{weights}.c_proj",model)'
    spoken = page.band(_added(said, f"h.{layer}.mlp", f"h.{layer}.out"))

    page.heading("out", "Stream plus MLP: the residual stream that leaves this block.", ())
    return page.band(page.sum_of(middle, spoken))


def _check(page: BandPage, layer: int, stream: Band, out: Band) -> None:
    page.heading(
        "check",
        "The same block computed by GPT2_BLOCK in one call: the largest difference from step 12. It should be about 0.",
        (),
        numbered=False,
    )
    formula = page.book.dialect.largest_difference(f"GPT2_BLOCK({layer},{stream.spill},model)", out.spill)
    page.formula(page.row, FIRST, unless_error((out.cell,), formula), page.style.check)
    page.mark_errors(page.row, FIRST)
    page.row += 1


def _qkv_headers(n_head: int) -> Headers:
    """Two header rows over the queries, keys and values: the first column of each head, and its channels."""

    def headers(cell: str) -> tuple[str, str]:
        part = f"COLUMNS({cell}#)/{3 * n_head}"
        name = f'MID("qkv",1+INT(x/d/{n_head}),1)&" head "&MOD(INT(x/d),{n_head})'
        return _parts(cell, part, name)

    return headers


def _mix_headers(n_head: int) -> Headers:
    """Two header rows over the heads' outputs: the first column of each head, and its channels."""
    return lambda cell: _parts(cell, f"COLUMNS({cell}#)/{n_head}", '"head "&INT(x/d)')


def _parts(cell: str, part: str, name: str) -> tuple[str, str]:
    """The two formulas. In them, x is a column counted from 0, and d is the width of a head."""
    variables = f"x,COLUMN({cell}#)-COLUMN({cell}),d,{part}"
    return (
        f'IF(ISTEXT({cell}),"",LET({variables},IF(MOD(x,d)=0,{name},"")))',
        f'IF(ISTEXT({cell}),"",LET({variables},MOD(x,d)))',
    )


def _head_chooser(page: BandPage) -> str:
    """Writes an input cell for a head's number and returns its address."""
    last = page.book.shape.n_head - 1
    page.text(page.row, 0, "head", page.style.bold)
    page.input(page.row, 1, 0)
    cell = page.at(page.row, 1, absolute=True)
    whole_number(page, cell, 0, last)
    page.row += 1
    return cell


def _token_header() -> Headers:
    """One header row: the tokens that are looked at."""
    return lambda cell: (f'IF(ISTEXT({cell}),"",TRANSPOSE(INDEX({_labels(cell)},0,2)))',)


def _write_patterns(page: BandPage, qkv: Band) -> None:
    """The patterns of all heads side by side, as heat maps below the heads' numbers and the tokens."""
    n_head, dialect = page.book.shape.n_head, page.book.dialect
    rows, tokens = dialect.rows(qkv.spill), page.book.shape.tokens
    squares = [f"GPT2_ATTENTION_PATTERN({qkv.spill},{head},model)" for head in range(n_head)]

    def headers(cell: str) -> tuple[list[Piece], list[Piece]]:
        names = dialect.names_side_by_side(cell, "head", rows, n_head, tokens)
        titles = dialect.titles_side_by_side(cell, _labels(cell), rows, n_head, tokens)
        return _unless(cell, names, '""'), _unless(cell, titles, '""')

    page.band(
        _unless(qkv.cell, dialect.side_by_side(squares, rows, tokens), qkv.cell),
        headers=headers,
        shown=SHARES,
        width=-(-n_head * (tokens + 1) // page.book.shape.channels),
    )


def _unless(cell: str, pieces: Sequence[Piece], otherwise: str) -> list[Piece]:
    """The pieces; if `cell` holds a message, the first piece shows `otherwise` and the others are blank."""
    texts = [otherwise, *['""'] * (len(pieces) - 1)]
    return [
        replace(piece, formula=f"IF(ISTEXT({cell}),{text},{piece.formula})")
        for piece, text in zip(pieces, texts, strict=True)
    ]


def _labels(cell: str) -> str:
    """The position and token labels to the left of a band."""
    return f"$A${cell.lstrip('ABCDEFGHIJKLMNOPQRSTUVWXYZ')}#"
