"""The anatomy workbook gives the same cells in every host.

The workbook is recalculated without a spreadsheet program, and every call of a GPT2_* function is recorded with its
result. Each host then replays these calls. A host is a file `<host>_host.py` in this folder, with a context manager
`calls()` that yields a callable, (function's name, raw arguments) -> rows of plain values. The callable uses the host's
real path from cells to Python.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from addin.headless import Workbook
from udfs.cells import FUNCTIONS, as_table
from workbook_templates import build

HOSTS = sorted(path.stem.removesuffix("_host") for path in Path(__file__).parent.glob("*_host.py"))
PROMPT = "Mike is quick. He"
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


@dataclass(frozen=True)
class Call:
    """A function, the raw arguments that a formula gave it, and the rows of its result."""

    name: str
    arguments: tuple[Any, ...]
    rows: list[list[Any]]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """Every call of the workbook's formulas."""
    calls: list[Call] = []

    def recording(name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            result = FUNCTIONS[name].answer(arguments)
            calls.append(Call(name, arguments, as_table(result)))
            return result

        return call

    file = build("anatomy", tmp_path_factory.mktemp("same"), tokens=8, host="headless", prompt=PROMPT, model="demo")
    workbook = Workbook.open(file, {name: recording(name) for name in FUNCTIONS})
    workbook.recalculate()
    assert not [value for row in workbook.get_range("next_tokens") for value in row if str(value).startswith("#")]
    return calls


@pytest.mark.parametrize("host", HOSTS)
def test_every_call_of_the_anatomy_workbook(host: str, recorded: list[Call]) -> None:
    assert {"GPT2_MODEL", "GPT2_TOKENIZE", "GPT2_LINEAR", "GPT2_WEIGHT", "GPT2_LOGITS"} <= {
        call.name for call in recorded
    }
    with importlib.import_module(f"tests.hosts.{host}_host").calls() as answer:
        for call in recorded:
            assert_same(answer(call.name, call.arguments), call.rows, call.name)


def assert_same(rows: list[list[Any]], expected: list[list[Any]], what: str) -> None:
    """Compares numbers to float tolerance, and everything else exactly; an empty text equals an empty cell."""
    assert [len(row) for row in rows] == [len(row) for row in expected], what
    for row, expected_row in zip(rows, expected, strict=True):
        for value, wanted in zip(row, expected_row, strict=True):
            if is_number(wanted):
                assert is_number(value), f"{what}: {value!r}, not {wanted}"
            else:
                assert value == wanted or {value, wanted} == {"", None}, what
    numbers, wanted_numbers = ([v for row in cells for v in row if is_number(v)] for cells in (rows, expected))
    np.testing.assert_allclose(numbers, wanted_numbers, **TOLERANCE, err_msg=what)


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
