"""xlwings Lite as a host: calls go through the decorated functions of a process with Pyodide's limits."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from addin.lite.web_extension import MAIN

ROOT = Path(__file__).parents[2]
Call: TypeAlias = Callable[[str, Sequence[Any]], "list[list[Any]]"]


class Lite(NamedTuple):
    """A running process: what xlwings recorded for each function, and the way to call one."""

    registered: dict[str, dict[str, Any]]
    call: Call


@contextmanager
def running(first: str = "") -> Iterator[Lite]:
    """A process that has run a workbook's `main.py`. `first` is code that it runs before."""
    command = [sys.executable, "-c", "from tests.hosts.lite_server import main; main()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin
        assert process.stdout
        stdin, stdout = process.stdin, process.stdout

        def ask(question: object) -> Any:
            pickle.dump(question, stdin)
            stdin.flush()
            return pickle.load(stdout)

        registered = ask(f"{first}\n{MAIN}")
        yield Lite(registered, lambda name, arguments: ask((name, [_from_excel(value) for value in arguments])))
        stdin.close()


@contextmanager
def calls() -> Iterator[Call]:
    """Calls functions through xlwings Lite: (name, raw arguments) -> rows."""
    with running() as lite:
        yield lite.call


def _from_excel(value: Any) -> Any:
    """An argument as Office.js passes it: a range, or a single cell, as a list of rows."""
    if isinstance(value, np.ndarray):
        return np.atleast_2d(value).tolist()
    if isinstance(value, (list, tuple)):
        rows = [list(row) if isinstance(row, (list, tuple)) else row for row in value]
        return rows if any(isinstance(row, list) for row in rows) else [rows]
    return [[value.item() if isinstance(value, np.generic) else value]]
