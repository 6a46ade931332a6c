"""Lays a result out in an array formula, whose fixed size Calc passes to our functions as two more arguments.

It uses only the standard library, because LibreOffice's Python imports it.
"""

from __future__ import annotations

from typing import Any

Rows = tuple[tuple[Any, ...], ...]

_BLANK, _CUT = "", "..."


def fault(rows: Any, columns: Any) -> str | None:
    """The error for a wrong number of rows or columns, or None. Either may be left out."""
    for argument, count in (("array_rows", rows), ("array_columns", columns)):
        if count and not (isinstance(count, (int, float)) and count >= 1 and count % 1 == 0):
            shown = f"{count:g}" if isinstance(count, (int, float)) else count
            return f"{argument} must be a whole number of at least 1, not {shown}"
    return None


def laid_out(result: Rows, rows: Any, columns: Any) -> Rows:
    """The result in the upper left of `rows` x `columns` cells. The others are blank; Calc itself would show #N/A.

    If the result has no room, its last row or column shows dots. Without `rows` it is unchanged.
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
