"""Excel's limits, for everything that writes cells, formulas or function help."""

from __future__ import annotations

MAX_ROWS = 1_048_576  # of a sheet
MAX_COLUMNS = 16_384  # of a sheet
MAX_TEXT = 32_767  # characters in a cell
MAX_FORMULA = 8_192  # characters of a formula
MAX_FORMULA_TEXT = 255  # characters of one text inside a formula
MAX_HELP = 255  # characters of a help text in the function wizard
