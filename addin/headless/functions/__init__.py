"""The spreadsheet functions, by theme. Each takes values and returns a value, as Excel documents it.

Why they are written here. Three ways were compared by the same cases, by the templates and by speed:

- The package `formulas` calculates texts, dates and comparisons as Python does (`"is "&0.1*7` is `is
  0.7000000000000001`), evaluates arrays cell by cell, and brings scipy: 40 % of the installed environment.
- The package `formualizer` is fast, but lacks functions that the templates need (MMULT, MAP), and writes numbers as
  texts with all 17 digits.
- The trees of `workbook_templates.formula` already say what a formula is, and numpy calculates arrays. What is left
  is one short function for each function of Excel, and those that are missing can be named to the user.

A function that is not in FUNCTIONS is not guessed: the cell keeps its stored value, see `addin.headless.unsupported`.
"""

from __future__ import annotations

from collections.abc import Callable

from ..values import Value
from . import arrays, criteria, dates, information, lookup, maths, number_format, statistics, sums, text, with_lambdas

FUNCTIONS: dict[str, Callable[..., Value]] = {
    **arrays.FUNCTIONS,
    **criteria.FUNCTIONS,
    **dates.FUNCTIONS,
    **information.FUNCTIONS,
    **lookup.FUNCTIONS,
    **maths.FUNCTIONS,
    **number_format.FUNCTIONS,
    **statistics.FUNCTIONS,
    **sums.FUNCTIONS,
    **text.FUNCTIONS,
    **with_lambdas.FUNCTIONS,
}
DATE_FUNCTIONS = frozenset(dates.FUNCTIONS) | frozenset(number_format.FUNCTIONS)

__all__ = ["DATE_FUNCTIONS", "FUNCTIONS"]
