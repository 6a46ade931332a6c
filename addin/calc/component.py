"""The add-in itself, loaded by LibreOffice: each method passes its arguments on to the process that computes.

What the methods are called stands in `settings.json` beside this file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import unohelper

from addin.calc.client import Client, Rows

_SETTINGS = json.loads((Path(__file__).parent / "settings.json").read_text(encoding="utf-8"))
_SERVICE, _MARK = _SETTINGS["service"], _SETTINGS["mark"]
_BLANK, _CUT = "", "..."


def create(context: object) -> object:
    """The object whose methods LibreOffice calls, one for each function."""
    from org.gpt2excel import XFunctions  # known only when the whole extension is registered

    client = Client(_SETTINGS["interpreter"])
    methods = {method: _method(client, name) for method, name in _SETTINGS["methods"].items()}
    return type("Functions", (unohelper.Base, XFunctions), methods)()


def _method(client: Client, name: str) -> Callable[..., Rows]:
    def method(self: object, *arguments: Any) -> Rows:
        *given, rows, columns = arguments
        for argument, count in (("array_rows", rows), ("array_columns", columns)):
            if not _is_size(count):
                return ((f"{_MARK}{argument} must be a whole number of at least 1, not {count}",),)
        try:
            result = client.call(name, given)
        except (OSError, EOFError):
            result = ((f"{_MARK}Python does not answer: {_SETTINGS['interpreter']}; gpt2-excel install --host calc",),)
        return _laid_out(result, int(rows), int(columns or len(result[0]))) if rows else result

    return method


def _is_size(count: Any) -> bool:
    """Whether so many rows or columns can be; also where that is left out."""
    return not count or (isinstance(count, (int, float)) and count >= 1 and count % 1 == 0)


def _laid_out(result: Rows, rows: int, columns: int) -> Rows:
    """The result in the upper left of so many cells; the others are blank, where Calc would show #N/A.

    Where it has no room, the last row or column says so.
    """
    if len(result[0]) > columns:
        result = tuple((*row[: columns - 1], _CUT) for row in result)
    if len(result) > rows:
        result = (*result[: rows - 1], (_CUT,) * len(result[0]))
    right = (_BLANK,) * (columns - len(result[0]))
    below = ((_BLANK,) * columns,) * (rows - len(result))
    return tuple(row + right for row in result) + below


g_ImplementationHelper = unohelper.ImplementationHelper()  # noqa: N816 (LibreOffice looks for this name)
g_ImplementationHelper.addImplementation(
    create, _SETTINGS["service"], ("com.sun.star.sheet.AddIn", _SETTINGS["service"])
)
