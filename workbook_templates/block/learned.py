"""How a block's formulas reach what the model has learned: from cells, or by functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from workbook_templates.band import Band
from workbook_templates.bands import BandPage
from workbook_templates.range import Range


class Learned(Protocol):
    """The weights of one block. Their names lack the block: `attn.c_attn`, `ln_1.weight`."""

    @property
    def product(self) -> str:
        """How a formula multiplies by a matrix, as the reader sees it."""
        ...

    def linear(self, page: BandPage, x: Band, name: str, cells: Range) -> str:
        """The formula of a linear layer, x @ W + b, for these cells."""
        ...

    def vector(self, page: BandPage, name: str, width: int) -> str:
        """The cells of a LayerNorm's weight or bias, in a formula on this page. May write them there."""
        ...

    def first_channel(self, page: BandPage, name: str, height: int) -> tuple[str, str]:
        """The weights and the bias of a linear layer's channel 0, in a formula on this page. May write them there."""
        ...

    def added(self, page: BandPage, x: Band, *places: str) -> str:
        """The values of x plus what the model text adds at these places, such as `.attn`; "" is the block's input."""
        ...


@dataclass(frozen=True)
class InCells:
    """Every tensor is in a range of cells. A rounded matrix has a row of scales, such as `attn.c_attn.scale`."""

    tensors: dict[str, Range]

    @property
    def product(self) -> str:
        scale = " * scale" if self._scale("attn.c_attn") else ""
        return f"MMULT(x, weight){scale} + bias"

    def linear(self, page: BandPage, x: Band, name: str, cells: Range) -> str:
        weights, bias = (self.tensors[f"{name}.{part}"].there for part in ("weight", "bias"))
        scale = self._scale(name)
        return f"MMULT({x.spill},{weights}){f'*{scale.there}' if scale else ''}+{bias}"

    def vector(self, page: BandPage, name: str, width: int) -> str:
        return self.tensors[name].there

    def first_channel(self, page: BandPage, name: str, height: int) -> tuple[str, str]:
        weights, bias = (self.tensors[f"{name}.{part}"].columns(0, 1).there for part in ("weight", "bias"))
        scale = self._scale(name)
        return f"TRANSPOSE({weights}){f'*{scale.columns(0, 1).there}' if scale else ''}", bias

    def added(self, page: BandPage, x: Band, *places: str) -> str:
        return page.values(x)

    def _scale(self, name: str) -> Range | None:
        return self.tensors.get(f"{name}.scale")


@dataclass(frozen=True)
class InFunctions:
    """The functions know the tensors of the model that the cell `model` names."""

    layer: int
    is_last: bool
    product = "GPT2_LINEAR: x · weight + bias"

    def linear(self, page: BandPage, x: Band, name: str, cells: Range) -> str:
        formula = f'GPT2_LINEAR({page.values_for_function(x)},"h.{self.layer}.{name}",model)'
        return page.zeros_for_blanks(cells, formula)

    def vector(self, page: BandPage, name: str, width: int) -> str:
        formula = f'GPT2_WEIGHT("h.{self.layer}.{name}",0,1,0,{width},model)'
        return weight_row(page, name.rpartition(".")[2], formula, width).here

    def first_channel(self, page: BandPage, name: str, height: int) -> tuple[str, str]:
        layer = f"h.{self.layer}.{name}"
        bias = page.at(page.row, page.first - 1)
        page.formula(page.row, page.first - 1, f'GPT2_WEIGHT("{layer}.bias",0,1,0,1,model)', page.style.weight)
        weights = f'TRANSPOSE(GPT2_WEIGHT("{layer}.weight",0,{height},0,1,model))'
        return weight_row(page, "to channel 0", weights, height).here, bias

    def added(self, page: BandPage, x: Band, *places: str) -> str:
        formula = page.values_for_function(x)
        for place in places:
            formula = f'GPT2_ADDED({formula},"h.{self.layer}{place}",model)'
        places_of = [self.layer, self.layer + 1] if self.is_last else [self.layer]  # `h.12` is the end of Block 11
        found = "+".join(
            f'ISNUMBER(SEARCH(" to {name}.{number}",model))' for number in places_of for name in ("h", "blocks")
        )
        return f"IF({found},{page.zeros_for_blanks(x.cells, formula)},{page.values(x)})"


def weight_row(page: BandPage, label: str, formula: str, width: int) -> Range:
    """A row of weights on the page."""
    cells = Range(page.name, page.row, page.first, page.row, page.first + width - 1)
    page.format_row(page.row, page.style.number, page.first + width)
    page.text(page.row, 1, label, page.style.bold)
    page.array(cells, formula, page.style.number)
    page.sheet.conditional_format(*cells.corners, {"type": "no_blanks", "format": page.style.learned})
    page.mark_errors(page.row, page.first)
    page.row += 1
    return cells
