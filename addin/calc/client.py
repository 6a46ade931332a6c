"""LibreOffice's side of the pipe: starts the worker process at the first call, and again if it has ended.

It uses only the standard library, because LibreOffice's Python imports it.
"""

from __future__ import annotations

import os
import struct
import subprocess
import threading
from array import array
from typing import Any

from addin.calc import wire
from addin.calc.layout import Rows

_WORKER = ("-m", "addin.calc.worker")
_LIBREOFFICES_OWN = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH")  # they would mislead another Python
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


class Client:
    """Calls functions in a process of the given Python interpreter."""

    def __init__(self, interpreter: str) -> None:
        self._interpreter = interpreter
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def call(self, name: str, arguments: list[Any]) -> Rows:
        """The result's rows. Raises OSError or EOFError if the process does not start or ends twice."""
        with self._lock:
            try:
                return self._ask(name, arguments)
            except (OSError, EOFError):  # it has ended; calls are independent, so ask a new one
                self.close()
                return self._ask(name, arguments)

    def close(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _ask(self, name: str, arguments: list[Any]) -> Rows:
        if self._process is None:
            self._process = self._start()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        wire.send(process.stdin, [name, *arguments])
        (result,) = wire.receive(process.stdout, _rows)
        return tuple(row if isinstance(row, tuple) else _with_blanks(row) for row in result)

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if name not in _LIBREOFFICES_OWN}
        return subprocess.Popen(
            [self._interpreter, *_WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if os.name == "nt" else None,  # LibreOffice on Windows has no stderr
            cwd=os.path.dirname(self._interpreter) or None,  # import nothing from a document's folder
            env=environment,
            creationflags=_NO_WINDOW,
        )


def _rows(numbers: array[float], columns: int) -> list[tuple[float, ...]]:
    return list(struct.iter_unpack(f"{columns}d", numbers))


def _with_blanks(row: list[Any]) -> tuple[Any, ...]:
    """A row for LibreOffice: empty cells as empty texts, and numbers as floats, as in its cells."""
    return tuple("" if cell is None else float(cell) if isinstance(cell, int) else cell for cell in row)
