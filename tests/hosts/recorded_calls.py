"""The calls of our functions in a workbook, recorded while it is recalculated without a spreadsheet program.

A host is a file `<host>_host.py` in this folder, with a context manager `calls()` that yields a callable, (function's
name, raw arguments) -> rows of plain values. The callable uses the host's real path from cells to Python. `replay`
compares its rows with the recorded ones.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from addin.headless import Workbook
from udfs.cells import FUNCTIONS, as_table
from workbook_templates import build

PROMPT = "Mike is quick. He"
_OF_A_KIND: Final = 2  # calls
_NUMBERS_AND_QUOTATIONS: Final = re.compile(r'"[^"]*"|[0-9]+')
_OF_REWRITTEN = 0.05
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


@dataclass(frozen=True)
class Call:
    """A function, the raw arguments that a formula gave it, and the rows of its result."""

    name: str
    arguments: tuple[Any, ...]
    rows: list[list[Any]]


def record(template: str) -> list[Call]:
    """The calls of a template's formulas, for the demo model: two of each kind."""
    calls: list[Call] = []

    def recording(name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            result = FUNCTIONS[name].answer(arguments)
            calls.append(Call(name, arguments, as_table(result)))
            return result

        return call

    with TemporaryDirectory() as folder:
        file = build(template, Path(folder), tokens=8, host="headless", prompt=PROMPT, model="demo")
        Workbook.open(file, {name: recording(name) for name in FUNCTIONS}).recalculate()
    return _of_each_kind(calls)


def _of_each_kind(calls: Sequence[Call]) -> list[Call]:
    """At most two calls that a host treats alike: of one function, with the same texts except for their numbers and
    quotations, such as another layer, and otherwise arguments of the same types."""
    kinds: defaultdict[tuple[Any, ...], list[Call]] = defaultdict(list)
    for call in calls:
        kinds[(call.name, *map(_kind, call.arguments))].append(call)
    return [call for alike in kinds.values() for call in alike[:_OF_A_KIND]]


def _kind(argument: object) -> object:
    return _NUMBERS_AND_QUOTATIONS.sub("", argument) if isinstance(argument, str) else type(argument)


def replay(
    calls: Sequence[Call], answer: Callable[[str, Sequence[Any]], list[list[Any]]], *, of_largest: float = 0
) -> None:
    """Makes the calls again and compares the rows: numbers to float tolerance, and everything else exactly.

    of_largest: how far numbers may also differ, as a share of the call's largest number
    """
    for call in calls:
        allowed = max(of_largest, _OF_REWRITTEN) if rewrites_a_fact(call) else of_largest
        assert_same(answer(call.name, call.arguments), call.rows, call.name, allowed)


def rewrites_a_fact(call: Call) -> bool:
    """Whether the edit of a fact is searched for: step by step, which amplifies the last digits of a host."""
    return call.name == "GPT2_EDIT_FACT" or any(" ; edit h." in str(argument) for argument in call.arguments)


def assert_same(rows: list[list[Any]], expected: list[list[Any]], what: str, of_largest: float = 0) -> None:
    """Compares the rows of a call. An empty text equals an empty cell."""
    assert [len(row) for row in rows] == [len(row) for row in expected], what
    found, wanted = ([value for row in cells for value in row] for cells in (rows, expected))
    if not {*map(type, found), *map(type, wanted)} <= {int, float}:  # a table of numbers alone may be large
        for value, other in zip(found, wanted, strict=True):
            if is_number(other):
                assert is_number(value), f"{what}: {value!r}, not {other}"
            else:
                assert value == other or {value, other} == {"", None}, what
        found, wanted = ([value for value in values if is_number(value)] for values in (found, wanted))
    atol = TOLERANCE["atol"] + of_largest * max(map(abs, wanted), default=0)
    np.testing.assert_allclose(found, wanted, rtol=TOLERANCE["rtol"], atol=atol, err_msg=what)


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
