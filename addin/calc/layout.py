"""Where a result stands in an array formula of fixed size, which Calc tells our functions by two more arguments.

The standard library alone: LibreOffice's Python imports it.
"""

from __future__ import annotations

from typing import Any

Rows = tuple[tuple[Any, ...], ...]

_BLANK, _CUT = "", "..."


def fault(rows: Any, columns: Any) -> str | None:
    """What is wrong with a number of rows or columns; either may be left out."""
    for argument, count in (("array_rows", rows), ("array_columns", columns)):
        if count and not (isinstance(count, (int, float)) and count >= 1 and count % 1 == 0):
            shown = f"{count:g}" if isinstance(count, (int, float)) else count
            return f"{argument} must be a whole number of at least 1, not {shown}"
    return None


def laid_out(result: Rows, rows: Any, columns: Any) -> Rows:
    """The result in the upper left of so many cells; the others are blank, where Calc would show #N/A.

    Where it has no room, the last row or column says so. Where no rows are given it stays as it is.
    """
    if not rows:
        return result
    height, width = int(rows), int(columns or len(result[0]))
    if len(result[0]) > width:
        result = tuple((*row[: width - 1], _CUT) for row in result)
    if len(result) > height:
        result = (*result[: height - 1], (_CUT,) * len(result[0]))
    right = (_BLANK,) * (width - len(result[0]))
    below = ((_BLANK,) * width,) * (height - len(result))
    return tuple(row + right for row in result) + below
