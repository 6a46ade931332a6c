"""The component without LibreOffice: the layout of results in array formulas, and its errors."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock
from zipfile import ZipFile

import pytest

from addin.calc.extension import write_extension

TABLE = (("a", 1.0, 2.0), ("b", 3.0, 4.0))
Method = Callable[..., Any]


class Answering:
    """A client whose functions all return the same result, or fail."""

    def __init__(self, result: Any) -> None:
        self.result, self.given = result, list[Any]()

    def call(self, name: str, arguments: list[Any]) -> Any:
        self.given = [name, *arguments]
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def component(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module from an extension, with a fake of `unohelper`, which only LibreOffice's Python has."""
    write_extension(tmp_path / "functions.oxt", "/some/where/python")
    with ZipFile(tmp_path / "functions.oxt") as extension:
        extension.extractall(tmp_path)
    monkeypatch.setitem(sys.modules, "unohelper", MagicMock())
    spec = importlib.util.spec_from_file_location("component", tmp_path / "component.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(component: ModuleType, result: Any, rows: Any = None, columns: Any = None) -> Any:
    client = Answering(result)
    answer = component._method(client, "GPT2_TOKENIZE")(None, "text", None, rows, columns)
    assert client.given in (["GPT2_TOKENIZE", "text", None], [])
    return answer


@pytest.mark.parametrize(
    ("rows", "columns", "cells"),
    [
        (None, None, TABLE),
        (2, 3, TABLE),
        (2.0, "", TABLE),
        (3, 4, (("a", 1.0, 2.0, ""), ("b", 3.0, 4.0, ""), ("", "", "", ""))),
        (2, 2, (("a", "..."), ("b", "..."))),
        (1, None, (("...", "...", "..."),)),
        (1, 1, (("...",),)),
    ],
)
def test_a_result_in_a_given_number_of_cells(component: ModuleType, rows: Any, columns: Any, cells: Any) -> None:
    assert shown(component, TABLE, rows, columns) == cells


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        (-1.0, 3, "array_rows must be a whole number of at least 1, not -1"),
        (2.5, 3, "array_rows must be a whole number of at least 1, not 2.5"),
        ("two", 3, "array_rows must be a whole number of at least 1, not two"),
        (2, 0.5, "array_columns must be a whole number of at least 1, not 0.5"),
    ],
)
def test_a_wrong_size_is_one_line(component: ModuleType, rows: Any, columns: Any, said: str) -> None:
    assert shown(component, TABLE, rows, columns) == ((f"#GPT2! {said}",),)


@pytest.mark.parametrize("error", [OSError("no such file"), EOFError()])
def test_a_python_that_does_not_answer_is_one_line(component: ModuleType, error: Exception) -> None:
    line = "#GPT2! Python does not answer: /some/where/python; gpt2-excel install --host calc"
    assert shown(component, error) == ((line,),)
    assert shown(component, error, 1, 2) == ((line, ""),)
