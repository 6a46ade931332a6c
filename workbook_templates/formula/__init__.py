"""Formulas as trees: read, changed for a host, and printed; and the ranges of cells that they refer to."""

from __future__ import annotations

from .calc import CALC, CalcDialect
from .dialect import Dialect, Piece
from .fixed import FixedDialect
from .parser import FormulaError, parse
from .printer import print_formula
from .ranges import CellRange

__all__ = [
    "CalcDialect",
    "CellRange",
    "Dialect",
    "FixedDialect",
    "FormulaError",
    "Piece",
    "dialect_of",
    "parse",
    "print_formula",
]

# The prefix of our functions' names in the files of each host of Excel's formulas.
_PREFIXES = {"office": "_xldudf_", "lite": "_xldudf_", "desktop": "", "headless": ""}


def dialect_of(host: str, *, fixed: bool = False) -> Dialect:
    """The dialect of a host, for one workbook.

    fixed: whether the workbook uses no dynamic arrays, so that every program can read it

    Raises ValueError if there is no such host.
    """
    if host not in (*_PREFIXES, CALC):
        raise ValueError(f"host must be {' or '.join([*_PREFIXES, CALC])}, not {host!r}")
    if fixed:
        return FixedDialect(host)
    return CalcDialect() if host == CALC else Dialect(host, _PREFIXES[host])
