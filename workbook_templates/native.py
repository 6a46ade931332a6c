"""GPT-2's formulas in a spreadsheet's own functions, as far as several workbooks write them."""

from __future__ import annotations

EPSILON = "0.00001"  # keeps LayerNorm from dividing by 0


def spread(row: str) -> str:
    """What LayerNorm divides a row by."""
    return f"SQRT(VARP({row})+{EPSILON})"


def gelu(x: str) -> str:
    """GELU of a cell, or of each of several."""
    return f"0.5*{x}*(1+TANH(SQRT(2/PI())*({x}+0.044715*{x}^3)))"
