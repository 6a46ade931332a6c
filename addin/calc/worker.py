"""The process that computes for LibreOffice. It reads calls from its standard input and writes results to its output.

It ends when LibreOffice ends and closes its input.
"""

from __future__ import annotations

import os
import sys
from array import array
from typing import IO, Any

import numpy as np

import udfs
from addin.calc import wire
from udfs.cells import error_text, spill


def main() -> None:
    """Answers calls until the input ends."""
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
    """A function's result for `wire`, or one line of text in one cell if something is wrong."""
    try:
        result = getattr(udfs, name.lower())(*arguments)
    except Exception as error:  # Calc shows any error, and the process goes on
        return [[error_text(error, name)]]
    if isinstance(result, np.ndarray) and result.dtype.kind == "f":
        return result.astype(np.float64, order="C").data
    return spill(result)


def _array(numbers: array[float], columns: int) -> np.ndarray[Any, Any]:
    return np.frombuffer(numbers).reshape(-1, columns)


if __name__ == "__main__":
    main()
