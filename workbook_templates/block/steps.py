"""The steps of a block, from the stream that enters it to the stream that leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbook_templates.band import Band
from workbook_templates.bands import BandPage
from workbook_templates.block import worked
from workbook_templates.block.attention import write_attention
from workbook_templates.block.learned import Learned
from workbook_templates.block.parts import add, learned_norm, linear
from workbook_templates.block.stream import write_stream
from workbook_templates.block.worked import CHANNEL, explain_at, number
from workbook_templates.native import gelu


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
    arrived, first_edit, stream = write_stream(page, incoming, learned)
    attention, patterns = write_attention(page, stream, learned)
    mlp = _mlp(page, attention["add"], learned)
    return Block({"stream": arrived, "edited": stream, **attention, **mlp}, patterns, first_edit)


def _mlp(page: BandPage, middle: Band, learned: Learned) -> dict[str, Band]:
    width = middle.cells.width
    page.heading("ln_2", "LayerNorm again, with the weights ln_2.", ())
    normal = learned_norm(page, middle, learned, "ln_2")
    page.heading(
        "c_fc", "The neurons of the MLP: mlp.c_fc makes four times as many channels, and each looks for a pattern.", ()
    )
    wide = linear(page, normal, learned, "mlp.c_fc", 4 * width)
    page.heading("GELU", "Neuron by neuron: large values pass, and values below zero shrink to almost nothing.", ())
    explain_row = page.row
    page.row += 2
    active = page.fill(gelu(wide.spill), (wide,), 4 * width)
    explain_at(
        page,
        explain_row,
        "0.5 × x × (1 + TANH(√(2/π) × (x + 0.044715 × x³)))",
        worked.channels(4 * width),
        f'{CHANNEL}&"GELU("&{number(wide.of_last(0))}&") = "&{number(active.of_last(0))}',
    )
    page.heading("c_proj", "What the MLP adds to the stream: mlp.c_proj combines the outputs of all neurons.", ())
    mlp_out = linear(page, active, learned, "mlp.c_proj", width)
    page.heading("out", "The residual stream that leaves this block: stream plus MLP.", ())
    out = add(page, middle, mlp_out, learned, ".mlp", ".out")
    return {"ln_2": normal, "c_fc": wide, "GELU": active, "mlp c_proj": mlp_out, "out": out}
