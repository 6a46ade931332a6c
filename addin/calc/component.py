"""The add-in that LibreOffice loads. Each method passes its arguments to the worker process.

The names of the methods are in `settings.json` beside this file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import unohelper

from addin.calc.client import Client
from addin.calc.layout import Rows, fault, laid_out

_SETTINGS = json.loads((Path(__file__).parent / "settings.json").read_text(encoding="utf-8"))
_MARK = _SETTINGS["mark"]


def create(context: object) -> object:
    """The object that LibreOffice calls, with a method for each function."""
    from org.gpt2excel import XFunctions  # exists only after the extension is registered

    client = Client(_SETTINGS["interpreter"])
    methods = {method: _method(client, name) for method, name in _SETTINGS["methods"].items()}
    return type("Functions", (unohelper.Base, XFunctions), methods)()


def _method(client: Client, name: str) -> Callable[..., Rows]:
    def method(self: object, *arguments: Any) -> Rows:
        *given, rows, columns = arguments
        if wrong := fault(rows, columns):
            return ((f"{_MARK}{wrong}",),)
        try:
            result = client.call(name, given)
        except (OSError, EOFError):
            result = ((f"{_MARK}Python does not answer: {_SETTINGS['interpreter']}; gpt2-excel install --host calc",),)
        return laid_out(result, rows, columns)

    return method


g_ImplementationHelper = unohelper.ImplementationHelper()  # noqa: N816 (LibreOffice looks for this name)
g_ImplementationHelper.addImplementation(
    create, _SETTINGS["service"], ("com.sun.star.sheet.AddIn", _SETTINGS["service"])
)
