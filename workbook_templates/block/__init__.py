"""A transformer block in native formulas, step by step, for every workbook that shows one.

The workbooks differ only in how they reach what the model has learned: by functions or from cells (`learned`).
"""

from __future__ import annotations

from .learned import InCells, InFunctions, Learned, weight_row
from .steps import Block, edited, layer_norm, write_steps
from .summary import DIRECTION, Summary

__all__ = [
    "DIRECTION",
    "Block",
    "InCells",
    "InFunctions",
    "Learned",
    "Summary",
    "edited",
    "layer_norm",
    "weight_row",
    "write_steps",
]
