"""LibreOffice Calc itself, without a window: opens a workbook, types into cells, reads what it computed.

`Calc` is what tests use. The file is also the program that the system's python3, which has LibreOffice's module `uno`,
runs for it: a request a line on its input, an answer a line on its output, both JSON.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_PYTHON = "/usr/bin/python3"
_START_SECONDS = 60


def why_missing() -> str | None:
    """What this machine lacks to run Calc; None where nothing is missing."""
    if shutil.which("soffice") is None:
        return "LibreOffice (soffice) is not installed"
    has_uno = Path(_PYTHON).exists() and subprocess.run([_PYTHON, "-c", "import uno"], capture_output=True)
    return None if has_uno and has_uno.returncode == 0 else "python3-uno is not installed"


class Calc:
    """A running Calc with one workbook open."""

    def __init__(self, worker: subprocess.Popen[str]) -> None:
        self._worker = worker

    def open(self, path: Path) -> float:
        """Opens a workbook in place of the one before; gives the seconds that it took."""
        return self._ask("open", str(path.resolve()))

    def set(self, sheet: str, cell: str, value: str | float) -> float:
        """Types a value into a cell, a text as a text; gives the seconds until all that depends on it was computed."""
        return self._ask("set", sheet, cell, value)

    def read(self, sheet: str, cells: str) -> list[list[str | float]]:
        """The values of a range, or of a cell; a blank is an empty text."""
        return self._ask("read", sheet, cells)

    def recalculate(self) -> float:
        """Computes every formula anew; gives the seconds that it took."""
        return self._ask("recalculate")

    def _ask(self, *request: Any) -> Any:
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        self._worker.stdin.write(json.dumps(request) + "\n")
        self._worker.stdin.flush()
        answer = self._worker.stdout.readline()
        if not answer:
            raise RuntimeError(f"LibreOffice stopped while it was asked to {request[0]}")
        return json.loads(answer)


@contextmanager
def calc() -> Iterator[Calc]:
    """A Calc with settings of its own, ended afterwards."""
    with TemporaryDirectory() as settings:
        command = [_PYTHON, __file__, settings]
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            yield Calc(worker)
        finally:
            assert worker.stdin is not None
            worker.stdin.close()
            worker.wait(_START_SECONDS)


def _connected(port_name: str) -> Any:
    """The desktop of the soffice that listens on a pipe, once it does."""
    import uno  # type: ignore[import-not-found]  # only the system's python3 has it

    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    place = f"uno:pipe,name={port_name};urp;StarOffice.ComponentContext"
    for _ in range(10 * _START_SECONDS):
        with suppress(Exception):  # NoConnectException, a type that exists only after a connection
            context = resolver.resolve(place)
            return context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        time.sleep(0.1)
    raise RuntimeError("soffice did not answer")


class _Session:
    """What the requests do, a method each."""

    def __init__(self, desktop: Any) -> None:
        self._desktop, self._document = desktop, None

    def open(self, path: str) -> float:
        import uno

        self.close()
        hidden = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
        hidden.Name, hidden.Value = "Hidden", True
        start = time.perf_counter()
        self._document = self._desktop.loadComponentFromURL(Path(path).as_uri(), "_blank", 0, (hidden,))
        if self._document is None:
            raise RuntimeError(f"Calc cannot open {path}, or has a lock on it from before")
        return time.perf_counter() - start

    def close(self) -> None:
        if self._document is not None:
            self._document.close(True)

    def set(self, sheet: str, cell: str, value: str | float) -> float:
        target = self._range(sheet, cell).getCellByPosition(0, 0)
        start = time.perf_counter()
        if isinstance(value, str):
            target.setString(value)
        else:
            target.setValue(value)
        self._document.calculate()
        return time.perf_counter() - start

    def recalculate(self) -> float:
        start = time.perf_counter()
        self._document.calculateAll()
        return time.perf_counter() - start

    def read(self, sheet: str, cells: str) -> list[list[str | float]]:
        return [list(row) for row in self._range(sheet, cells).getDataArray()]

    def _range(self, sheet: str, cells: str) -> Any:
        return self._document.Sheets.getByName(sheet).getCellRangeByName(cells)


def _serve(settings: str) -> None:
    name = f"calc{Path(settings).name}"
    options = ["--headless", "--norestore", "--nologo", "--nofirststartwizard"]
    office = subprocess.Popen(
        ["soffice", *options, f"--accept=pipe,name={name};urp;", f"-env:UserInstallation={Path(settings).as_uri()}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    desktop = _connected(name)
    session = _Session(desktop)
    for line in sys.stdin:
        request, *arguments = json.loads(line)
        print(json.dumps(getattr(session, request)(*arguments)), flush=True)
    session.close()
    desktop.terminate()
    office.wait(_START_SECONDS)


if __name__ == "__main__":
    _serve(sys.argv[1])
