"""Runs in a Python that has LibreOffice's `uno`: reads what a running LibreOffice shows, and prints it as JSON.

window_reader.py PIPE cells TAB RANGE      the values and formulas of cells of the current document
window_reader.py PIPE windows              the title of each window, and all texts in each dialog
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import uno
from com.sun.star.uno import RuntimeException

_MANY = 200  # children: more are cells of a sheet


def connected(pipe: str) -> Any:
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")


def service(context: Any, name: str) -> Any:
    return context.ServiceManager.createInstanceWithContext(name, context)


def cells(context: Any, tab: str, cells: str) -> dict[str, Any]:
    document = service(context, "com.sun.star.frame.Desktop").getCurrentComponent()
    area = document.Sheets.getByName(tab).getCellRangeByName(cells)
    return {"values": area.getDataArray(), "formulas": area.getFormulaArray(), "array": area.getArrayFormula()}


def windows(context: Any) -> dict[str, list[str]]:
    """Each visible window's title, and the texts in it; for a document's window no texts."""
    toolkit = service(context, "com.sun.star.awt.Toolkit")
    found: dict[str, list[str]] = {}
    for number in range(toolkit.getTopWindowCount()):
        window = toolkit.getTopWindow(number)
        inside = window.getAccessibleContext()
        title = inside.getAccessibleName()
        if window.isVisible() and title:
            found[title] = [] if title.endswith("LibreOffice Calc") else list(texts(inside))
    return found


def texts(inside: Any) -> Iterator[str]:
    yield inside.getAccessibleName()
    if hasattr(inside, "getText"):
        yield inside.getText()
    children = inside.getAccessibleChildCount()
    for number in range(children if children < _MANY else 0):
        with suppress(RuntimeException):  # the element is gone
            yield from texts(inside.getAccessibleChild(number).getAccessibleContext())


if __name__ == "__main__":
    pipe, what, *arguments = sys.argv[1:]
    print(json.dumps({"cells": cells, "windows": windows}[what](connected(pipe), *arguments)))
