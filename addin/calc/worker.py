"""The process that computes for LibreOffice. It reads calls from its standard input and writes results to its output.

It ends when LibreOffice ends and closes its input.
"""

from __future__ import annotations

import os
import sys
from array import array
from typing import IO, Any

import numpy as np

from addin.calc import wire
from udfs.cells import ERROR_MARK, FUNCTIONS
from udfs.cells.log import log_to_file


def main() -> None:
    """Answers calls until the input ends."""
    log_to_file()
    calls, results = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # printed text must not mix with the results
    answer_calls(calls, results)


def answer_calls(calls: IO[bytes], results: IO[bytes]) -> None:
    """Each call is a function's name and its arguments; each result is rows of cells."""
    while True:
        try:
            name, *arguments = wire.receive(calls, _array)
        except EOFError:
            return
        wire.send(results, [answer(name, arguments)])


def answer(name: str, arguments: list[Any]) -> Any:
    """A function's answer for `wire`: an array as its memory, or rows."""
    if name not in FUNCTIONS:  # the extension is older than this program
        return [[f"{ERROR_MARK}there is no function {name}: gpt2-excel install --host calc updates the list"]]
    rows = FUNCTIONS[name].answer(arguments)
    return rows.astype(np.float64, order="C").data if isinstance(rows, np.ndarray) else rows


def _array(numbers: array[float], columns: int) -> np.ndarray[Any, Any]:
    return np.frombuffer(numbers).reshape(-1, columns)


if __name__ == "__main__":
    main()
