"""Formulas as trees: read, changed for a host, and printed; and the ranges of cells that they speak of."""

from __future__ import annotations

from .calc import CalcDialect
from .dialect import Dialect, Piece
from .parser import FormulaError, parse
from .printer import print_formula
from .ranges import CellRange

__all__ = ["CalcDialect", "CellRange", "Dialect", "FormulaError", "Piece", "dialect_of", "parse", "print_formula"]

# The prefix of our functions' names in the files of each host of Excel's formulas.
_PREFIXES = {"office": "_xldudf_", "desktop": "", "headless": ""}
_CALC = "calc"


def dialect_of(host: str) -> Dialect:
    """The dialect of a host, for one workbook. Raises ValueError if there is no such host."""
    if host == _CALC:
        return CalcDialect()
    if host not in _PREFIXES:
        raise ValueError(f"host must be {' or '.join([*_PREFIXES, _CALC])}, not {host!r}")
    return Dialect(host, _PREFIXES[host])
