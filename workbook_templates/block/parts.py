"""The steps that occur more than once in a block: LayerNorm, a linear layer, an addition."""

from __future__ import annotations

from xlsxwriter.utility import xl_range

from workbook_templates.band import Band
from workbook_templates.bands import STATISTICS, BandPage, Headers, RowLabels
from workbook_templates.block import worked
from workbook_templates.block.learned import Learned
from workbook_templates.block.worked import CHANNEL, explain, explain_at, number
from workbook_templates.native import EPSILON
from workbook_templates.native import spread as spread_of


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
    spread = page.statistic(cells, STATISTICS + 1, "spread", [spread_of(row) for row in addresses])
    centred = f"({x.spill}-{page.in_use(mean)})/{page.in_use(spread)}"
    band = page.put(cells, f"{centred}*{gain}+{bias}", (x,))
    last = "1" if cells.height == 1 else "token_count"

    def shown(cells: str) -> str:
        return number(f"INDEX({cells},{last},1)")

    explain_at(
        page,
        explain_row,
        f"(x - mean) / spread × weight + bias, spread = √(variance + {EPSILON})",
        worked.channels(x.cells.width) if rows is None else f"1 token, {x.cells.width} channels",
        f'{CHANNEL}&"("&{shown(x.spill)}&" - "&{shown(mean.here)}&") / "&{shown(spread.here)}&" × "&'
        f'{number(f"INDEX({gain},1,1)")}&" + "&{number(f"INDEX({bias},1,1)")}&" = "&{shown(band.spill)}',
    )
    return band


def learned_norm(page: BandPage, x: Band, learned: Learned, name: str) -> Band:
    """A LayerNorm of the block, by the last part of its name: `ln_1`."""
    gain, bias = (learned.vector(page, f"{name}.{part}", x.cells.width) for part in ("weight", "bias"))
    return layer_norm(page, x, gain, bias)


def linear(page: BandPage, x: Band, learned: Learned, name: str, width: int, headers: Headers = None) -> Band:
    """A linear layer of the block, by the last part of its name: `attn.c_attn`."""
    weights, bias = learned.first_channel(page, name, x.cells.width)
    explain(page, learned.product, worked.channels(width), worked.product(x.last, weights, bias, x.cells.width))
    cells = page.rows(width, headers=headers)
    return page.put(cells, learned.linear(page, x, name, cells), (x,))


def add(page: BandPage, stream: Band, output: Band, learned: Learned, *places: str) -> Band:
    """The stream plus the output of attention or the MLP, and what the model text adds at these places."""
    explain_row = page.row
    page.row += 2
    total = page.fill(f"{stream.spill}+{learned.added(page, output, *places)}", (stream, output))
    explain_at(page, explain_row, "x + y", worked.channels(stream.cells.width), worked.addition(stream, output, total))
    return total
