"""The tabs Block 0, Block 1, ...: one transformer block step by step, from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter.utility import xl_col_to_name, xl_range

from workbook_templates import style as look
from workbook_templates import walkthrough
from workbook_templates.bands import Look
from workbook_templates.book import Book
from workbook_templates.pure.contents import Contents
from workbook_templates.pure.page import SHARES, STATISTICS, FixedPage, Labels, Range
from workbook_templates.pure.tokens import TokenTable
from workbook_templates.pure.weights import BlockWeights

_EPSILON = "0.00001"  # keeps LayerNorm from dividing by 0
_BESIDE = 2  # columns after each head's scores: the largest score of the row, and the sum

_SCORES = Look("number", None)  # each head gets its own colour scale
Titles = Sequence[Sequence[str | float]] | None


@dataclass(frozen=True)
class Block:
    """The steps of one tab by name, in order, and the first cell for edits."""

    steps: dict[str, Range]
    first_edit: str

    @property
    def out(self) -> Range:
        """The stream that leaves the block."""
        return self.steps["out"]


def write_block(
    book: Book, contents: Contents, layer: int, incoming: Range, weights: BlockWeights, tokens: TokenTable
) -> Block:
    """Writes the tab of one block."""
    page = FixedPage(
        book,
        f"Block {layer}",
        f"Block {layer}",
        (
            *walkthrough.BLOCK,
            f"Blue is below zero, orange above. The weights of this block are on the tab Weights {layer}: click a "
            "formula to see which it uses.",
        ),
        tokens.labels,
    )
    block = write_steps(page, contents.config.n_head, incoming, weights)
    last = layer == contents.config.n_layer - 1
    page.finish(incoming.sheet, "Head" if last else f"Block {layer + 1}")
    return block


def write_steps(page: FixedPage, n_head: int, incoming: Range, weights: BlockWeights) -> Block:
    """Writes the steps of a block, from the stream that enters it to the stream that leaves it."""
    width = incoming.width
    page.heading(
        "stream", f"The residual stream from the tab {incoming.sheet}: one row per token, one column per channel.", ()
    )
    arrived = page.rows(width)
    page.array(arrived, _used(arrived, incoming.there))
    page.heading(
        "your edits",
        "To replace a value above, type a number here, in the same row and channel. A blank cell changes nothing.",
        (),
        numbered=False,
    )
    edits = page.edits(width)
    page.heading("edited", "The stream with your edits. All steps below start here.", (), numbered=False)
    stream = page.fill(f'IF({edits.here}="",{arrived.here},{edits.here})', width)
    attention = _attention(page, n_head, stream, weights)
    mlp = _mlp(page, attention["add"], weights)
    return Block({"stream": stream, **attention, **mlp}, page.at(edits.row, edits.column))


def layer_norm(page: FixedPage, x: Range, gain: str, bias: str, labels: Labels | None = None) -> Range:
    """A band: each row of x minus its mean, divided by its spread, scaled and shifted. Both are to its left."""
    count = x.last_row - x.row + 1
    band = page.rows(x.width, count=count, labels=labels)
    rows = [xl_range(row, x.column, row, x.last_column) for row in range(x.row, x.last_row + 1)]
    mean = page.statistic(band, STATISTICS, "mean", [f"AVERAGE({row})" for row in rows])
    spread = page.statistic(band, STATISTICS + 1, "spread", [f"SQRT(VARP({row})+{_EPSILON})" for row in rows])
    page.array(band, _used(band, f"({x.here}-{mean.here})/{spread.here}*{gain}+{bias}"))
    return band


def _used(band: Range, formula: str) -> str:
    """The formula in rows that have a token, and 0 in unused rows."""
    return f'IF({band.positions}="",0,{formula})'


def _linear(page: FixedPage, x: Range, weights: BlockWeights, name: str, width: int, titles: Titles = None) -> Range:
    band = page.rows(width, headers=titles)
    page.array(band, _used(band, f"MMULT({x.here},{weights[f'{name}.weight']})+{weights[f'{name}.bias']}"))
    return band


def _attention(page: FixedPage, n_head: int, stream: Range, weights: BlockWeights) -> dict[str, Range]:
    width = stream.width
    page.heading(
        "ln_1", "LayerNorm: each row minus its mean, divided by its spread, then scaled and shifted by ln_1.", ()
    )
    normal = layer_norm(page, stream, weights["ln_1.weight"], weights["ln_1.bias"])
    page.heading(
        "q, k, v",
        "Each head makes a query (what I look for), a key (what I am) and a value (what I pass on): times attn.c_attn.",
        (),
    )
    size = width // n_head
    parts = [f"{part} head {head}" for part in "qkv" for head in range(n_head)]
    qkv = _linear(page, normal, weights, "attn.c_attn", 3 * width, _parts(parts, size))
    patterns = _patterns(page, _scores(page, qkv, n_head), n_head)
    page.heading("mix", "What each head gathers: its pattern times its values. The heads are side by side.", ())
    mix = page.rows(width, headers=_parts([f"head {head}" for head in range(n_head)], size))
    for head, pattern in enumerate(patterns):
        value = qkv.columns(2 * width + head * size, size)
        page.array(mix.columns(head * size, size), f"MMULT({pattern.here},{value.here})")
    page.heading("c_proj", "What attention adds to the stream: the outputs of all heads times attn.c_proj.", ())
    said = _linear(page, mix, weights, "attn.c_proj", width)
    page.heading("add", "Stream plus attention: a plain addition, cell by cell.", ())
    middle = page.fill(f"{stream.here}+{said.here}", width)
    return {"ln_1": normal, "q, k, v": qkv, "mix": mix, "attn c_proj": said, "add": middle}


def _scores(page: FixedPage, qkv: Range, n_head: int) -> list[Range]:
    """All heads' scores side by side, each followed by its rows' largest score and sum of EXP(score - largest)."""
    tokens, width = page.book.shape.tokens, qkv.width // 3
    size = width // n_head
    page.heading(
        "scores",
        "How well each token's query matches the keys of the tokens up to it: query · key / √(head size).",
        ("Next to each head: the largest score of a row, and the sum of EXP(score - largest), for the softmax.",),
    )
    beside: tuple[str, ...] = ("largest", "sum")
    numbers = [x for _ in range(n_head) for x in (*range(tokens), *beside)]
    band = page.rows(n_head * (tokens + _BESIDE), headers=(_head_titles(n_head, tokens), numbers), shown=_SCORES)
    found = []
    for head in range(n_head):
        scores = band.columns(head * (tokens + _BESIDE), tokens)
        query, key = (qkv.columns(part * width + head * size, size).here for part in (0, 1))
        looked_at = Range(page.name, band.row - 1, scores.column, band.row - 1, scores.last_column).here
        seen = f'({band.positions}<>"")*({looked_at}<={band.positions})'
        page.array(scores, f'IF({seen},MMULT({query},TRANSPOSE({key}))/SQRT({size}),"")')
        page.sheet.conditional_format(scores.row, scores.column, scores.last_row, scores.last_column, look.SIGNED_SCALE)
        for row in range(scores.row, scores.last_row + 1):
            cells = xl_range(row, scores.column, row, scores.last_column)
            largest, total = scores.last_column + 1, scores.last_column + 2
            page.sheet.write_formula(row, largest, f"=MAX({cells})", page.style.statistic, "")
            summed = f'{{=SUM(IF({cells}="",0,EXP({cells}-{xl_col_to_name(largest)}{row + 1})))}}'
            page.sheet.write_array_formula(row, total, row, total, summed, page.style.statistic, "")
        found.append(scores)
    return found


def _patterns(page: FixedPage, scores: Sequence[Range], n_head: int) -> list[Range]:
    tokens = page.book.shape.tokens
    page.heading(
        "patterns",
        "Where each head looks: EXP(score - largest) / sum. Row: the token that looks. Column: the token looked at.",
        ("In each head, every row sums to 1: the greener, the more attention. No token sees a later one.",),
    )
    band = page.rows(n_head * (tokens + _BESIDE), headers=(_head_titles(n_head, tokens), ()), shown=SHARES)
    looked_at = Range(page.name, band.row, 1, band.last_row, 1).here
    found = []
    for head, score in enumerate(scores):
        pattern = band.columns(head * (tokens + _BESIDE), tokens)
        page.array(pattern.rows(-1, 1), f"TRANSPOSE({looked_at})", page.style.channel)
        largest, total = score.columns(tokens, 1).here, score.columns(tokens + 1, 1).here
        page.array(pattern, f'IF({score.here}="",0,EXP({score.here}-{largest})/{total})')
        found.append(pattern)
    return found


def _mlp(page: FixedPage, middle: Range, weights: BlockWeights) -> dict[str, Range]:
    width = middle.width
    page.heading("ln_2", "LayerNorm again, with ln_2.", ())
    normal = layer_norm(page, middle, weights["ln_2.weight"], weights["ln_2.bias"])
    page.heading(
        "c_fc", "The MLP widens each row to four times as many channels, each of them a detector: times mlp.c_fc.", ()
    )
    wide = _linear(page, normal, weights, "mlp.c_fc", 4 * width)
    page.heading("GELU", "Channel by channel: large values pass, values below zero shrink to almost nothing.", ())
    x = wide.here
    active = page.fill(f"0.5*{x}*(1+TANH(SQRT(2/PI())*({x}+0.044715*{x}^3)))", 4 * width)
    page.heading("c_proj", "What the MLP adds to the stream: the detectors' values times mlp.c_proj.", ())
    said = _linear(page, active, weights, "mlp.c_proj", width)
    page.heading("out", "Stream plus MLP: the residual stream that leaves this block.", ())
    out = page.fill(f"{middle.here}+{said.here}", width)
    return {"ln_2": normal, "c_fc": wide, "GELU": active, "mlp c_proj": said, "out": out}


def _parts(names: Sequence[str], size: int) -> Sequence[Sequence[str | float]]:
    """Two header rows: the first column of each part, and the channels in it."""
    return [x for name in names for x in (name, *[""] * (size - 1))], [x for _ in names for x in range(size)]


def _head_titles(n_head: int, tokens: int) -> Sequence[str]:
    return [x for head in range(n_head) for x in (f"head {head}", *[""] * (tokens + _BESIDE - 1))]
