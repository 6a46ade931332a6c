"""One number of a step, worked out in words: `row 5, channel 0: 0.512 + -0.230 = 0.282`."""

from __future__ import annotations

from workbook_templates.band import Band
from workbook_templates.bands import BandPage
from workbook_templates.book import READY

CHANNEL = '"row "&token_count-1&", channel 0: "'
PAIR = '"head 0, row "&token_count-1&" at row 0: "'


def number(cell: str) -> str:
    """A number with three decimals, as a text."""
    return f'TEXT({cell},"0.000")'


def explain(page: BandPage, formula: str, size: str, example: str) -> None:
    """Writes a step's formula in words, the shape of its values, and one of them worked out: the formula `example`."""
    page.text(page.row, 1, "formula", page.style.note)
    page.text(page.row, page.first, f"{formula}    →  [{size}]", page.style.note)
    page.text(page.row + 1, 1, "for example", page.style.note)
    page.formula(page.row + 1, page.first, f'IF(status="{READY}",{example},"")', page.style.note)
    page.row += 2


def explain_at(page: BandPage, row: int, formula: str, size: str, example: str) -> None:
    """Writes the explanation of a step into two rows that were left free above its values."""
    below, page.row = page.row, row
    explain(page, formula, size, example)
    page.row = below


def channels(count: int) -> str:
    """The shape of values with a row for each token."""
    return f"tokens, {count} channels"


def product(row: str, weights: str, bias: str, count: int) -> str:
    """A cell of a linear layer: the products of a row and a column of weights, added up, plus the bias."""
    total = f"SUMPRODUCT({row},{weights})"
    return (
        f'{CHANNEL}&"{count} products of row "&token_count-1&" and the weights to channel 0 add up to "&'
        f'{number(total)}&"; + "&{number(bias)}&" = "&{number(f"{total}+{bias}")}'
    )


def addition(x: Band, y: Band, total: Band) -> str:
    """A cell of a sum. What the model text adds is a third term, shown only if there is one."""
    first, second, result = (band.of_last(0) for band in (x, y, total))
    more = f"{result}-{first}-{second}"
    third = f'IF(ABS({more})<0.0005,"",", and the model text adds "&{number(more)})'
    return f'{CHANNEL}&{number(first)}&" + "&{number(second)}&{third}&" = "&{number(result)}'
