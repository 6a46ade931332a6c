"""Calls as Excel for Windows makes them: through the VBA wrapper, xlwings' COM server, and its conversions.

The wrappers are read back from the VBA project that Excel would open, and followed line by line.
"""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from addin.desktop.macro_workbook import functions_project
from addin.desktop.vba_project import VbaProject
from tests.hosts.pywin32 import MISSING

ROOT = Path(__file__).parents[2]

_NUMBERS = {
    "#NULL!": 2000,
    "#DIV/0!": 2007,
    "#VALUE!": 2015,
    "#REF!": 2023,
    "#NAME?": 2029,
    "#NUM!": 2036,
    "#N/A": 2042,
}
_ERRORS = {text: number - 2146828288 for text, number in _NUMBERS.items()}  # as COM passes cells with an error

_WRAPPER = re.compile(
    r"^Public Function (?P<name>\w+)\((?P<parameters>.*)\)\n"
    r'^Attribute (?P=name)\.VB_Description = "(?P<description>.*)"\n'
    r" +On Error GoTo failed\n"
    r' +(?P=name) = XLPy\.CallUDF\("(?P<module>[\w.]+)", "(?P<function>\w+)", Array\((?P<arguments>.*)\)\)\n'
    r" +Exit Function\n"
    r"^failed:\n"
    r" +(?P=name) = FailureText\(Err\.Description\)\n"
    r"^End Function\n",
    re.M,
)


@dataclass(frozen=True)
class Wrapper:
    """What a VBA function does: it passes its parameters, in this order, to a function of a module."""

    name: str
    description: str
    parameters: tuple[str, ...]
    optional: frozenset[str]
    module: str
    function: str
    arguments: tuple[str, ...]


def wrappers(project: VbaProject) -> dict[str, Wrapper]:
    """The wrapper of each function by its name in a cell."""
    (source,) = (module.source for module in project.modules if module.name == "gpt2_functions")
    return {match["name"]: _wrapper(match) for match in _WRAPPER.finditer(source.replace("\r\n", "\n"))}


def _wrapper(match: re.Match[str]) -> Wrapper:
    parameters = match["parameters"].split(", ")
    names = tuple(parameter.removeprefix("Optional ") for parameter in parameters)
    optional = frozenset(name for name, text in zip(names, parameters, strict=True) if text != name)
    arguments = tuple(re.fullmatch(r"Plain\((\w+)\)", text)[1] for text in match["arguments"].split(", "))  # type: ignore[index]
    return Wrapper(match["name"], match["description"], names, optional, match["module"], match["function"], arguments)


@contextmanager
def calls(first: str = "") -> Iterator[Callable[[str, Sequence[object]], list[list[Any]]]]:
    """A function (name in a cell, raw arguments) -> rows of values, as Excel's cells would show them.

    The server runs the code `first` before it starts.
    """
    known = wrappers(VbaProject.read(functions_project(["Sheet1"]).written()))
    command = [sys.executable, "-c", f"{first}\nfrom tests.hosts import desktop_server\ndesktop_server.main()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as server:

        def call(name: str, arguments: Sequence[object]) -> list[list[Any]]:
            wrapper = known[name]
            given = dict(zip(wrapper.parameters, map(from_excel, arguments), strict=False))
            assert len(arguments) <= len(wrapper.parameters), f"{name} has no room for {len(arguments)} arguments"
            assert server.stdin, server.stdout
            pickle.dump((wrapper.module, wrapper.function, _array(wrapper, given)), server.stdin)
            server.stdin.flush()
            assert server.stdout
            done, answer = pickle.load(server.stdout)
            return shown(answer) if done else [[f"#GPT2! {answer}"]]

        yield call
        assert server.stdin
        server.stdin.close()


def _array(wrapper: Wrapper, given: Mapping[str, object]) -> tuple[object, ...]:
    """VBA's Array(...) of the parameters. Only optional ones may be missing."""
    assert set(wrapper.parameters) - set(given) <= wrapper.optional, f"{wrapper.name} lacks an argument"
    return tuple(given.get(name, MISSING) for name in wrapper.arguments)


def from_excel(value: object) -> object:
    """A range as COM passes it: rows as tuples, a single cell as its value, numbers as floats, errors as codes."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        rows = tuple(tuple(_cell(item) for item in row) for row in value)
        return rows[0][0] if len(rows) == len(rows[0]) == 1 else rows
    return _cell(value)


def _cell(value: object) -> object:
    if isinstance(value, str):
        return _ERRORS.get(value, value)
    whole = isinstance(value, int) and not isinstance(value, bool) and value not in _ERRORS.values()
    return float(value) if whole else value


def shown(answer: Any) -> list[list[Any]]:
    """The rows that Excel spills for COM's answer: a list is one row, and an empty text is an empty cell."""
    rows = answer if isinstance(answer, (list, tuple)) else [answer]
    rows = rows if rows and isinstance(rows[0], (list, tuple)) else [rows]
    return [[None if value == "" else value for value in row] for row in rows]
