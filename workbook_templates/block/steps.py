"""The steps of a block, from the stream that enters it to the stream that leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter.utility import xl_range

from workbook_templates import style as look
from workbook_templates.bands import SHARES, STATISTICS, Band, BandPage, Headers, Look, RowLabels
from workbook_templates.block import worked
from workbook_templates.block.learned import Learned
from workbook_templates.block.worked import CHANNEL, PAIR, explain, number
from workbook_templates.book import MARK
from workbook_templates.range import Range

_EPSILON = "0.00001"  # keeps LayerNorm from dividing by 0
_BESIDE = 2  # columns beside each head's scores: before them the log-sum-exp of a row, after them a blank one
_SCORES = Look("number", None)  # each head gets a colour scale of its own


@dataclass(frozen=True)
class Block:
    """The steps of one tab by name, in order, the pattern of each head, and the first cell for edits."""

    steps: dict[str, Band]
    patterns: Sequence[Band]
    first_edit: str

    @property
    def out(self) -> Band:
        """The stream that leaves the block."""
        return self.steps["out"]


def write_steps(page: BandPage, incoming: Band, learned: Learned) -> Block:
    """Writes all steps."""
    arrived, first_edit, stream = _stream(page, incoming, learned)
    attention, patterns = _attention(page, stream, learned)
    mlp = _mlp(page, attention["add"], learned)
    return Block({"stream": arrived, "edited": stream, **attention, **mlp}, patterns, first_edit)


def _stream(page: BandPage, incoming: Band, learned: Learned) -> tuple[Band, str, Band]:
    """The stream as it arrives, the first cell for edits, and the stream that all later steps use."""
    tab, width = incoming.cells.sheet, page.book.shape.channels
    page.heading("stream", f"The residual stream from the tab {tab}: one row per token, one column per channel.", ())
    explain_row = page.row
    page.row += 2
    arrived = page.fill(learned.added(page, incoming.spill_outside, ""), (incoming,))
    _explain_at(page, explain_row, "x", worked.channels(width), f"{CHANNEL}&{number(arrived.of_last(0))}")
    page.heading(
        "your edits", "To replace a value above, type a number here, in the same row and channel.", (), numbered=False
    )
    edits = page.edit_grid()
    page.heading(
        "steering",
        "The coefficient (yellow, left) times this row is added to every token. 0 turns it off.",
        ("Type or paste a row of numbers, or a formula that gives one.",),
        numbered=False,
    )
    page.text(page.row, 0, "coefficient", page.style.bold)
    page.input(page.row, 1, 0)
    coefficient = page.at(page.row, 1)
    page.row += 1
    vector = page.edit_grid(rows=1, labels=('"steer"', '"vector"'))
    page.heading(
        "edited", "The stream with your edits and the steering row. All steps below start here.", (), numbered=False
    )
    explain_row = page.row
    page.row += 2
    own, row = page.in_use(edits), vector.here
    stream = page.fill(edited(arrived.spill, own, f'+{coefficient}*IF({row}="",0,{row})'), (arrived,))
    edit = f"INDEX({edits.here},token_count,1)"
    value_here = f'IF({edit}="",{arrived.of_last(0)},{edit})'
    _explain_at(
        page,
        explain_row,
        "your number if there is one, otherwise x; + coefficient × vector",
        worked.channels(width),
        f'{CHANNEL}&{number(value_here)}&" + "&{coefficient}&" × "&'
        f'{number(f"N({vector.first})")}&" = "&{number(stream.of_last(0))}',
    )
    return arrived, edits.first, stream


def edited(values: str, edits: str, more: str = "") -> str:
    """The formula of values with the numbers of an edit grid over them, or a message if one is not a number."""
    wrong = f'"{MARK} your edits must be numbers"'
    return f'IF(COUNTA({edits})>COUNT({edits}),{wrong},IF({edits}="",{values},{edits}){more})'


def _explain_at(page: BandPage, row: int, formula: str, size: str, example: str) -> None:
    """Writes the explanation of a step into two rows that were left free above its values."""
    below, page.row = page.row, row
    explain(page, formula, size, example)
    page.row = below


def layer_norm(
    page: BandPage, x: Band, gain: str, bias: str, rows: int | None = None, labels: RowLabels | None = None
) -> Band:
    """A band: each row of x minus its mean, divided by its spread, scaled and shifted. Both facts are at its left."""
    explain_row = page.row
    page.row += 2
    cells = page.rows(x.cells.width, rows=rows, labels=labels)
    addresses = [
        xl_range(row, x.cells.column, row, x.cells.last_column) for row in range(x.cells.row, x.cells.last_row + 1)
    ]
    mean = page.statistic(cells, STATISTICS, "mean", [f"AVERAGE({row})" for row in addresses])
    spread = page.statistic(cells, STATISTICS + 1, "spread", [f"SQRT(VARP({row})+{_EPSILON})" for row in addresses])
    centred = f"({x.spill}-{page.in_use(mean)})/{page.in_use(spread)}"
    band = page.put(cells, f"{centred}*{gain}+{bias}", (x,))
    last = "1" if cells.height == 1 else "token_count"

    def shown(cells: str) -> str:
        return number(f"INDEX({cells},{last},1)")

    _explain_at(
        page,
        explain_row,
        f"(x - mean) / spread × weight + bias, spread = √(variance + {_EPSILON})",
        worked.channels(x.cells.width) if rows is None else f"1 token, {x.cells.width} channels",
        f'{CHANNEL}&"("&{shown(x.spill)}&" - "&{shown(mean.here)}&") / "&{shown(spread.here)}&" × "&'
        f'{number(f"INDEX({gain},1,1)")}&" + "&{number(f"INDEX({bias},1,1)")}&" = "&{shown(band.spill)}',
    )
    return band


def _normal(page: BandPage, x: Band, learned: Learned, name: str) -> Band:
    gain, bias = (learned.vector(page, f"{name}.{part}", x.cells.width) for part in ("weight", "bias"))
    return layer_norm(page, x, gain, bias)


def _linear(page: BandPage, x: Band, learned: Learned, name: str, width: int, headers: Headers = None) -> Band:
    weights, bias = learned.first_channel(page, name, x.cells.width)
    explain(page, learned.product, worked.channels(width), worked.product(x.last, weights, bias, x.cells.width))
    return page.fill(learned.linear(page, x, name), (x,), width, headers=headers)


def _attention(page: BandPage, stream: Band, learned: Learned) -> tuple[dict[str, Band], list[Band]]:
    width, n_head = stream.cells.width, page.book.shape.n_head
    size = width // n_head
    page.heading("ln_1", "LayerNorm: each row is brought to mean 0 and spread 1, then scaled and shifted by ln_1.", ())
    normal = _normal(page, stream, learned, "ln_1")
    page.heading(
        "q, k, v",
        "Each head makes a query (what I look for), a key (what I am) and a value (what I pass on): attn.c_attn.",
        (),
    )
    names = [f"{part} head {head}" for part in "qkv" for head in range(n_head)]
    qkv = _linear(page, normal, learned, "attn.c_attn", 3 * width, _parts(names, size))
    heads = [tuple(qkv.columns(part * width + head * size, size) for part in range(3)) for head in range(n_head)]
    scores = _scores(page, heads, qkv)
    patterns = _patterns(page, scores)
    mix = _mix(page, patterns, heads)
    page.heading("c_proj", "What attention adds to the stream: the outputs of all heads, combined by attn.c_proj.", ())
    said = _linear(page, mix, learned, "attn.c_proj", width)
    page.heading("add", "Stream plus attention, cell by cell.", ())
    middle = _add(page, stream, said, learned, ".attn", ".mid")
    return {"ln_1": normal, "q, k, v": qkv, "mix": mix, "attn c_proj": said, "add": middle}, patterns


def _add(page: BandPage, stream: Band, said: Band, learned: Learned, *places: str) -> Band:
    explain_row = page.row
    page.row += 2
    total = page.fill(f"{stream.spill}+{learned.added(page, said.spill, *places)}", (stream, said))
    other = f"{total.of_last(0)}-{stream.of_last(0)}"
    _explain_at(page, explain_row, "x + y", worked.channels(stream.cells.width), worked.addition(stream, other, total))
    return total


def _scores(page: BandPage, heads: Sequence[tuple[Band, ...]], qkv: Band) -> list[tuple[Band, Range]]:
    """The scores of every head, side by side, and the log-sum-exp of each of their rows."""
    tokens, size = page.book.shape.tokens, heads[0][0].cells.width
    stride = tokens + _BESIDE
    page.heading("scores", "How well each token's query matches the keys of the tokens up to it.", ())
    q, k, _ = heads[0]
    example = f"SUMPRODUCT({q.last},INDEX({k.spill},1,0))"
    explain(
        page,
        f"query · key / √{size}; the log-sum-exp of a row is LN(SUM(EXP(scores)))",
        _square(len(heads)),
        f'{PAIR}&"{size} products of query and key add up to "&{number(example)}&"; / √{size} = "&'
        f"{number(f'{example}/SQRT({size})')}",
    )
    columns = {head * stride + 1 + at: str(at) for head in range(len(heads)) for at in range(tokens)}
    area = page.rows(len(heads) * stride, headers=(_titles(len(heads), stride), columns), shown=_SCORES)
    count = str(tokens) if page.book.dialect.is_fixed else "token_count"
    seen = f"SEQUENCE({count})>=SEQUENCE(1,{count})"
    found = []
    for head, (q, k, _) in enumerate(heads):
        cells = area.columns(head * stride + 1, tokens)
        formula = f'IF({seen},MMULT({q.spill},TRANSPOSE({k.spill}))/SQRT({size}),"")'
        scores = page.put(cells, formula, (qkv,), _SCORES, unused='""')
        page.sheet.conditional_format(*cells.corners, look.SIGNED_SCALE)
        rows = [
            xl_range(row, cells.column, row, cells.column + row - cells.row)
            for row in range(cells.row, cells.last_row + 1)
        ]
        totals = [f"MAX({row})+LN(SUMPRODUCT(EXP({row}-MAX({row}))))" for row in rows]
        found.append((scores, page.statistic(cells, cells.column - 1, "log-sum-exp", totals)))
    return found


def _patterns(page: BandPage, scores: Sequence[tuple[Band, Range]]) -> list[Band]:
    """Where every head looks, side by side."""
    tokens = page.book.shape.tokens
    stride = tokens + _BESIDE
    page.heading(
        "patterns",
        "Where each head looks. Row: the token that looks. Column: the token looked at. Each row sums to 1.",
        (),
    )
    explain_row = page.row
    page.row += 2
    area = page.rows(len(scores) * stride, headers=(_titles(len(scores), stride), {}), shown=SHARES)
    titles, found = page.at(area.row - 1, area.column + 1), []
    for head, (score, total) in enumerate(scores):
        cells = area.columns(head * stride + 1, tokens)
        header = f'TRANSPOSE({Range(page.name, area.row, 1, area.last_row, 1).here}&"")' if head == 0 else f"{titles}#"
        page.formula(area.row - 1, cells.column, header, page.style.channel, (1, tokens))
        pattern = f'IF({score.spill}="",0,EXP({score.spill}-{page.in_use(total)}))'
        found.append(page.put(cells, pattern, (score,), SHARES))
    score, total = scores[0]
    _explain_at(
        page,
        explain_row,
        "softmax: EXP(score - log-sum-exp)",
        _square(len(scores)),
        f'{PAIR}&"EXP("&{number(score.of_last(0))}&" - "&{number(f"INDEX({total.here},token_count)")}&") = "&'
        f"{number(found[0].of_last(0))}",
    )
    return found


def _mix(page: BandPage, patterns: Sequence[Band], heads: Sequence[tuple[Band, ...]]) -> Band:
    n_head, size = len(heads), heads[0][0].cells.width
    page.heading("mix", "What each head gathers: the values of the tokens, weighted by its pattern.", ())
    column = f"TRANSPOSE({heads[0][2].columns(0, 1).spill})"
    explain(
        page,
        "pattern · value, head by head",
        worked.channels(n_head * size),
        f'{CHANNEL}&token_count&" shares times "&token_count&" values of head 0 add up to "&'
        f"{number(f'SUMPRODUCT({patterns[0].last},{column})')}",
    )
    area = page.rows(n_head * size, headers=_parts([f"head {head}" for head in range(n_head)], size))
    for head, pattern in enumerate(patterns):
        values = heads[head][2]
        page.put(area.columns(head * size, size), f"MMULT({pattern.spill},{values.spill})", (pattern,))
    return Band(area, False, page.book.dialect.is_fixed)


def _mlp(page: BandPage, middle: Band, learned: Learned) -> dict[str, Band]:
    width = middle.cells.width
    page.heading("ln_2", "LayerNorm again, with ln_2.", ())
    normal = _normal(page, middle, learned, "ln_2")
    page.heading(
        "c_fc", "The MLP widens each row to four times as many channels, each of them a detector: mlp.c_fc.", ()
    )
    wide = _linear(page, normal, learned, "mlp.c_fc", 4 * width)
    page.heading("GELU", "Channel by channel: large values pass, values below zero shrink to almost nothing.", ())
    explain_row = page.row
    page.row += 2
    x = wide.spill
    active = page.fill(f"0.5*{x}*(1+TANH(SQRT(2/PI())*({x}+0.044715*{x}^3)))", (wide,), 4 * width)
    _explain_at(
        page,
        explain_row,
        "0.5 × x × (1 + TANH(√(2/π) × (x + 0.044715 × x³)))",
        worked.channels(4 * width),
        f'{CHANNEL}&"GELU("&{number(wide.of_last(0))}&") = "&{number(active.of_last(0))}',
    )
    page.heading("c_proj", "What the MLP adds to the stream: the detectors' values, combined by mlp.c_proj.", ())
    said = _linear(page, active, learned, "mlp.c_proj", width)
    page.heading("out", "Stream plus MLP: the residual stream that leaves this block.", ())
    out = _add(page, middle, said, learned, ".mlp", ".out")
    return {"ln_2": normal, "c_fc": wide, "GELU": active, "mlp c_proj": said, "out": out}


def _parts(names: Sequence[str], size: int) -> Headers:
    """Two header rows: each part's name over its first column, and the channels in it."""
    return {at * size: name for at, name in enumerate(names)}, f"MOD(SEQUENCE(1,{len(names) * size},0),{size})"


def _titles(n_head: int, stride: int) -> dict[int, str]:
    return {head * stride: f"head {head}" for head in range(n_head)}


def _square(n_head: int) -> str:
    return f"{n_head} heads, tokens, tokens"
