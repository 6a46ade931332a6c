"""LibreOffice Calc without a window: one process for all tests, with the add-in installed in a temporary profile."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

import numpy as np
import pytest

from addin.calc import installation
from addin.programs import find_libreoffice

_DRIVER = Path(__file__).with_name("calc_driver.py")
_TIMEOUT = 300  # seconds; a busy machine may take minutes
_CHANGES = ("open", "type", "set", "formula")  # methods of the driver that change the document


class Calc:
    """LibreOffice, driven by another Python, which has its `uno`.

    LibreOffice 7.4 sometimes loses the connection or crashes. Then this starts it again and repeats everything that was
    opened and typed so far.
    """

    def __init__(self, profile: Path) -> None:
        self.environment = profile_environment(profile)
        with mock.patch.dict(os.environ, self.environment):
            for _ in installation.install():
                pass
        self._done: list[tuple[Any, ...]] = []
        self._start()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A method of the driver."""
        return lambda *arguments: self._ask(name, *arguments)

    def open(self, file: Path | None = None) -> float:
        """Loads a workbook, or makes an empty one with one sheet. Returns the seconds that it took."""
        return self._ask("open", file.resolve().as_uri() if file else "private:factory/scalc")

    def close_office(self) -> None:
        self._driver.communicate(timeout=_TIMEOUT)

    def _ask(self, *request: Any) -> Any:
        if request[0] == "open":
            self._done = []
        try:
            result = self._answer(*request)
        except ConnectionError:
            self.kill_office()
            self._driver.kill()
            self._start()
            for earlier in self._done:
                self._answer(*earlier)
            result = self._answer(*request)
        if request[0] in _CHANGES:
            self._done.append(request)
        return result

    def _start(self) -> None:
        pipe = f"gpt2_excel_{uuid4().hex[:8]}"
        self._driver = subprocess.Popen(
            [uno_python(), str(_DRIVER), find_libreoffice() or "", pipe],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | self.environment,
        )
        self._office: int = self._answer("office")

    def kill_office(self) -> None:
        """Ends LibreOffice as a crash would."""
        with suppress(OSError):  # it has ended already
            os.killpg(self._office, signal.SIGKILL)

    def _answer(self, *request: Any) -> Any:
        """The driver's answer. Raises ConnectionError if the driver or LibreOffice has ended."""
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.write(json.dumps(request) + "\n")
        self._driver.stdin.flush()
        line = self._driver.stdout.readline()
        if not line:
            raise ConnectionError("LibreOffice's driver has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise (ConnectionError if answer["lost"] else RuntimeError)(answer["error"])
        return answer["result"]


def profile_environment(profile: Path) -> dict[str, str]:
    """Environment variables with which LibreOffice keeps everything in that folder, even extensions for all users."""
    shared = (profile / "shared").as_uri()
    return {
        "UserInstallation": profile.as_uri(),
        "UNO_SHARED_PACKAGES": shared,
        "UNO_SHARED_PACKAGES_CACHE": shared,
    }


@cache
def calc() -> Calc:
    """The one LibreOffice of these tests. Skips the test if LibreOffice is not installed."""
    if find_libreoffice() is None:
        pytest.skip("LibreOffice is not on this machine (apt: libreoffice-calc)")
    if not uno_python():
        pytest.skip("no Python here has LibreOffice's uno (apt: python3-uno)")
    profile = Path(tempfile.mkdtemp(prefix="gpt2-excel-calc-"))
    started = Calc(profile)

    def end() -> None:
        started.close_office()
        shutil.rmtree(profile, ignore_errors=True)

    atexit.register(end)
    return started


@contextmanager
def calls() -> Iterator[Callable[[str, Sequence[Any]], list[list[Any]]]]:
    """Calls functions through Calc: (name, raw arguments) -> rows."""
    running = calc()
    yield lambda name, arguments: running.call(name, [_plain(argument) for argument in arguments])


def _plain(argument: Any) -> Any:
    """An argument in a form that JSON can hold; a range as rows."""
    if isinstance(argument, np.ndarray):
        return np.atleast_2d(argument).tolist()
    if isinstance(argument, (list, tuple)):
        rows = [list(row) if isinstance(row, (list, tuple)) else row for row in argument]
        return rows if any(isinstance(row, list) for row in rows) else [rows]
    return argument.item() if isinstance(argument, np.generic) else argument


@cache
def uno_python() -> str:
    """A Python that can `import uno`: the system's, or LibreOffice's own. Empty if there is none."""
    beside = Path(find_libreoffice() or "/").resolve().parent
    candidates = filter(os.path.exists, ("/usr/bin/python3", str(beside / "python"), sys.executable))
    return next((python for python in candidates if _imports_uno(python)), "")


def _imports_uno(python: str) -> bool:
    return subprocess.run([python, "-c", "import uno"], capture_output=True, timeout=_TIMEOUT).returncode == 0
