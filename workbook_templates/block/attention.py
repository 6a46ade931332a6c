"""The steps of attention, each head by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbook_templates import style as look
from workbook_templates.band import Band
from workbook_templates.bands import SHARES, BandPage, Headers, Look
from workbook_templates.block import worked
from workbook_templates.block.learned import Learned
from workbook_templates.block.parts import add, learned_norm, linear
from workbook_templates.block.worked import CHANNEL, PAIR, explain, explain_at, number
from workbook_templates.range import Range

_MASKED = "-1E+30"  # instead of minus infinity, which cells cannot hold: EXP of both is 0
_SCORES = Look("score", None)


def write_attention(page: BandPage, stream: Band, learned: Learned) -> tuple[dict[str, Band], list[Band]]:
    """Writes the steps. Returns their values by name, and the pattern of each head."""
    width, n_head = stream.cells.width, page.book.shape.n_head
    size = width // n_head
    page.heading("ln_1", "LayerNorm: each row is brought to mean 0 and spread 1, then scaled and shifted by ln_1.", ())
    normal = learned_norm(page, stream, learned, "ln_1")
    page.heading(
        "q, k, v",
        "For each token, each head computes a query (what I look for), a key (what I offer) and a value (what I pass "
        "on).",
        (),
    )
    names = [f"{part} head {head}" for part in "qkv" for head in range(n_head)]
    qkv = linear(page, normal, learned, "attn.c_attn", 3 * width, _parts(names, size))
    heads = [tuple(qkv.columns(part * width + head * size, size) for part in range(3)) for head in range(n_head)]
    scores = _scores(page, heads, qkv)
    patterns = _patterns(page, scores)
    mix = _mix(page, patterns, heads)
    page.heading("c_proj", "What attention adds to the stream: attn.c_proj combines the outputs of all heads.", ())
    attn_out = linear(page, mix, learned, "attn.c_proj", width)
    page.heading("add", "The stream after attention: stream plus attention, cell by cell.", ())
    middle = add(page, stream, attn_out, learned, ".attn", ".mid")
    return {"ln_1": normal, "q, k, v": qkv, "mix": mix, "attn c_proj": attn_out, "add": middle}, patterns


def _scores(page: BandPage, heads: Sequence[tuple[Band, ...]], qkv: Band) -> list[Band]:
    """The scores of every head, side by side."""
    tokens, size = page.book.shape.tokens, heads[0][0].cells.width
    stride = tokens + 1
    page.heading("scores", "How well each token's query matches each key. Later tokens are masked: -∞.", ())
    q, k, _ = heads[0]
    explain_row = page.row
    example = f"SUMPRODUCT({q.last},INDEX({k.spill},1,0))"
    explain(
        page,
        f"query · key / √{size}; -∞ if the key belongs to a later token (the causal mask)",
        _square(len(heads)),
        f'{PAIR}&"{size} products of query and key add up to "&{number(example)}&"; / √{size} = "&'
        f"{number(f'{example}/SQRT({size})')}",
    )
    columns = {head * stride + at: str(at) for head in range(len(heads)) for at in range(tokens)}
    area = page.rows(len(heads) * stride, headers=(_titles(len(heads), stride), columns), shown=_SCORES)
    count = _count(page)
    seen, found = f"SEQUENCE({count})>=SEQUENCE(1,{count})", []
    scale = _common_scale(page, area, explain_row)
    for head, (q, k, _) in enumerate(heads):
        cells = area.columns(head * stride, tokens)
        formula = f"IF({seen},MMULT({q.spill},TRANSPOSE({k.spill}))/SQRT({size}),{_MASKED})"
        found.append(page.put(cells, formula, (qkv,), _SCORES))
        up_to_itself = " ".join(cells.rows(row, 1).columns(0, row + 1).here for row in range(tokens))
        page.sheet.conditional_format(*cells.corners, scale | {"multi_range": up_to_itself})
    if page.book.dialect.is_fixed:
        unused = f"=MOD(COLUMN()-{area.column + 1},{stride})>=token_count"
        hidden = {"type": "formula", "criteria": unused, "format": page.style.hidden, "stop_if_true": True}
        page.sheet.conditional_format(*area.corners, hidden)
    masked = {"type": "cell", "criteria": "<", "value": -1e9, "format": page.style.masked}
    page.sheet.conditional_format(*area.corners, masked)
    return found


def _common_scale(page: BandPage, scores: Range, row: int) -> dict[str, Any]:
    """A colour scale from the lowest to the highest score of all heads. Both are shown to the left of the explanation.

    This scale reads two cells; that of other bands reads every cell that it colours. LibreOffice looks through all
    ranges of a scale whenever a cell that it reads changes, and scores that are not masked are many ranges.
    """
    limits: dict[str, Any] = {}
    for limit, formula, cell_format in (
        ("min", f"MIN(IF({scores.here}>-1E+9,{scores.here},0))", page.style.lowest),
        ("max", f"MAX(0,{scores.here})", page.style.highest),
    ):
        page.formula(row, 0, formula, cell_format)
        limits |= {f"{limit}_type": "formula", f"{limit}_value": f"={page.at(row, 0, absolute=True)}"}
        row += 1
    return look.SIGNED_SCALE | limits


def _count(page: BandPage) -> str:
    """The number of rows of a band."""
    return str(page.book.shape.tokens) if page.book.dialect.is_fixed else "token_count"


def _patterns(page: BandPage, scores: Sequence[Band]) -> list[Band]:
    """Where every head looks, side by side."""
    tokens = page.book.shape.tokens
    stride = tokens + 1
    page.heading(
        "patterns",
        "Where each head looks. Row: the token that looks. Column: the token that it looks at. Each row sums to 1.",
        (),
    )
    explain_row = page.row
    page.row += 2
    area = page.rows(len(scores) * stride, headers=(_titles(len(scores), stride), {}), shown=SHARES)
    titles, found = page.at(area.row - 1, area.column), []
    count = _count(page)
    for head, score in enumerate(scores):
        cells = area.columns(head * stride, tokens)
        header = f'TRANSPOSE({Range(page.name, area.row, 1, area.last_row, 1).here}&"")' if head == 0 else f"{titles}#"
        page.formula(area.row - 1, cells.column, header, page.style.channel, (1, tokens))
        softmax = f"LET(e,EXP({score.spill}),e/MMULT(e,SEQUENCE({count})^0))"
        found.append(page.put(cells, softmax, (score,), SHARES))
    explain_at(
        page,
        explain_row,
        "softmax: EXP(score) / sum of EXP(score) in the row",
        _square(len(scores)),
        f'{PAIR}&"EXP("&{number(scores[0].of_last(0))}&") / "&'
        f'TEXT(SUMPRODUCT(EXP({scores[0].last})),"0.000E+00")&" = "&{number(found[0].of_last(0))}',
    )
    return found


def _mix(page: BandPage, patterns: Sequence[Band], heads: Sequence[tuple[Band, ...]]) -> Band:
    n_head, size = len(heads), heads[0][0].cells.width
    page.heading(
        "mix", "What each head gathers: a weighted average of the tokens' values, with its pattern as the weights.", ()
    )
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


def _parts(names: Sequence[str], size: int) -> Headers:
    """Two header rows: each part's name over its first column, and the channels in it."""
    return {at * size: name for at, name in enumerate(names)}, f"MOD(SEQUENCE(1,{len(names) * size},0),{size})"


def _titles(n_head: int, stride: int) -> dict[int, str]:
    return {head * stride: f"head {head}" for head in range(n_head)}


def _square(n_head: int) -> str:
    return f"{n_head} heads, tokens, tokens"
