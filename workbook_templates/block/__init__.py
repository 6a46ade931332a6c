"""A transformer block in native formulas, step by step, for every workbook that shows one.

The workbooks differ only in how they reach what the model has learned: by functions or from cells (`learned`).
"""

from __future__ import annotations

from .learned import InCells, InFunctions, Learned, weight_row
from .parts import layer_norm
from .steps import Block, write_steps
from .stream import edited
from .summary import ANSWER_LABELS, DIRECTION, Summary

__all__ = [
    "ANSWER_LABELS",
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
