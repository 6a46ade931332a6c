"""A process that answers like xlwings Lite: it has Pyodide's limits, and it runs a workbook's `main.py`.

Reads pickled pairs of a function's name and its arguments, and writes pickled rows. Start it by `lite_host.calls`.
"""

from __future__ import annotations

import inspect
import json
import os
import pickle
import sys
from types import ModuleType
from typing import Any

from tests.hosts.lite_limits import JsNull, impose


def main() -> None:
    impose()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr
    workbook = ModuleType("main")
    exec(pickle.load(sys.stdin.buffer), workbook.__dict__)
    functions = dict(registered(workbook))
    pickle.dump({name: function.__xlfunc__ for name, function in functions.items()}, answers)
    answers.flush()
    while True:
        try:
            name, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(called(functions[name], arguments), answers)
        answers.flush()


def registered(workbook: ModuleType) -> list[tuple[str, Any]]:
    """The functions that xlwings Lite finds, by their names in cells."""
    found = [value for _, value in inspect.getmembers(workbook) if hasattr(value, "__xlfunc__")]
    return [(function.__xlfunc__["name"].upper(), function) for function in found]


def called(function: Any, arguments: list[Any]) -> Any:
    """A function's result, from arguments as they come from Excel. All of them are raw, so none is converted."""
    known = function.__xlfunc__
    assert (
        {argument["options"]["convert"] for argument in known["args"]}
        == {known["ret"]["options"]["convert"]}
        == {"raw"}
    )
    given = []
    for argument, value in zip(known["args"], arguments, strict=False):
        plain = _single(_with_nulls(value))
        given.append(argument.get("optional") if plain is None else plain)
    return json.loads(json.dumps(function(*given), allow_nan=False))  # on its way to JavaScript


def _with_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_nulls(cell) for cell in value]
    return JsNull() if value is None else value


def _single(value: Any) -> Any:
    """A range of one row as a list of cells, and of one cell as its value; None for null, but only outside of lists."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
    return None if isinstance(value, JsNull) else value


if __name__ == "__main__":
    main()
