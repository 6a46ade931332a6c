"""The attention heads on a block's tab: which columns belong to which head, and all patterns side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbook_templates.bands import SHARES, Band, BandPage, Headers
from workbook_templates.formula import Piece
from workbook_templates.grids import whole_number


def qkv_headers(n_head: int) -> Headers:
    """Two header rows over the queries, keys and values: the first column of each head, and its channels."""

    def headers(cell: str) -> tuple[str, str]:
        part = f"COLUMNS({cell}#)/{3 * n_head}"
        name = f'MID("qkv",1+INT(x/d/{n_head}),1)&" head "&MOD(INT(x/d),{n_head})'
        return _parts(cell, part, name)

    return headers


def mix_headers(n_head: int) -> Headers:
    """Two header rows over the heads' outputs: the first column of each head, and its channels."""
    return lambda cell: _parts(cell, f"COLUMNS({cell}#)/{n_head}", '"head "&INT(x/d)')


def _parts(cell: str, part: str, name: str) -> tuple[str, str]:
    """The two formulas. In them, x is a column counted from 0, and d is the width of a head."""
    variables = f"x,COLUMN({cell}#)-COLUMN({cell}),d,{part}"
    return (
        f'IF(ISTEXT({cell}),"",LET({variables},IF(MOD(x,d)=0,{name},"")))',
        f'IF(ISTEXT({cell}),"",LET({variables},MOD(x,d)))',
    )


def chooser(page: BandPage) -> str:
    """Writes an input cell for a head's number and returns its address."""
    last = page.book.shape.n_head - 1
    page.text(page.row, 0, "head", page.style.bold)
    page.input(page.row, 1, 0)
    cell = page.at(page.row, 1, absolute=True)
    whole_number(page, cell, 0, last)
    page.row += 1
    return cell


def token_header() -> Headers:
    """One header row: the tokens that are looked at."""
    return lambda cell: (f'IF(ISTEXT({cell}),"",TRANSPOSE(INDEX({_labels(cell)},0,2)))',)


def patterns(page: BandPage, qkv: Band) -> None:
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
