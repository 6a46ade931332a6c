"""The calls of our functions in a workbook, recorded while it is recalculated without a spreadsheet program.

A host is a file `<host>_host.py` in this folder, with a context manager `calls()` that yields a callable, (function's
name, raw arguments) -> rows of plain values. The callable uses the host's real path from cells to Python. `replay`
compares its rows with the recorded ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from addin.headless import Workbook
from udfs.cells import FUNCTIONS, as_table
from workbook_templates import build

PROMPT = "Mike is quick. He"
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


@dataclass(frozen=True)
class Call:
    """A function, the raw arguments that a formula gave it, and the rows of its result."""

    name: str
    arguments: tuple[Any, ...]
    rows: list[list[Any]]


def recorded_calls(template: str, folder: Path) -> list[Call]:
    """Every call of a template's formulas, for the demo model."""
    calls: list[Call] = []

    def recording(name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            result = FUNCTIONS[name].answer(arguments)
            calls.append(Call(name, arguments, as_table(result)))
            return result

        return call

    file = build(template, folder, tokens=8, host="headless", prompt=PROMPT, model="demo")
    workbook = Workbook.open(file, {name: recording(name) for name in FUNCTIONS})
    workbook.recalculate()
    return calls


def replay(
    calls: Sequence[Call], answer: Callable[[str, Sequence[Any]], list[list[Any]]], *, of_largest: float = 0
) -> None:
    """Makes the calls again and compares the rows: numbers to float tolerance, and everything else exactly.

    of_largest: how far numbers may also differ, as a share of the call's largest number
    """
    for call in calls:
        assert_same(answer(call.name, call.arguments), call.rows, call.name, of_largest)


def assert_same(rows: list[list[Any]], expected: list[list[Any]], what: str, of_largest: float = 0) -> None:
    """Compares the rows of a call. An empty text equals an empty cell."""
    assert [len(row) for row in rows] == [len(row) for row in expected], what
    for row, expected_row in zip(rows, expected, strict=True):
        for value, wanted in zip(row, expected_row, strict=True):
            if is_number(wanted):
                assert is_number(value), f"{what}: {value!r}, not {wanted}"
            else:
                assert value == wanted or {value, wanted} == {"", None}, what
    numbers, wanted_numbers = ([v for row in cells for v in row if is_number(v)] for cells in (rows, expected))
    atol = TOLERANCE["atol"] + of_largest * max(map(abs, wanted_numbers), default=0)
    np.testing.assert_allclose(numbers, wanted_numbers, rtol=TOLERANCE["rtol"], atol=atol, err_msg=what)


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
