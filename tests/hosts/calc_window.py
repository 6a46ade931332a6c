"""LibreOffice Calc in a real window, on a virtual screen, with the keys that a person presses."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest

from addin.calc import installation
from addin.programs import find_libreoffice
from tests.hosts.calc_host import profile_environment, uno_python

_READER = Path(__file__).with_name("window_reader.py")
_PROGRAMS = {"Xvfb": "xvfb", "xdotool": "xdotool", "openbox": "openbox"}  # and Debian's packages
SCREENSHOTS = "GPT2_EXCEL_SCREENSHOTS"

_PATIENCE = 300  # seconds
_READINGS = 3  # the most attempts
_PAINTING = 3.0  # seconds until a window certainly shows what it holds
_SIZE = "1400x900x24"


class Window:
    """A window with one workbook."""

    def __init__(self, environment: dict[str, str], pipe: str) -> None:
        self._environment, self._pipe = environment, pipe

    def press(self, *keys: str) -> None:
        """Presses keys, or several at once: `ctrl+shift+Return`."""
        for key in keys:
            self._tool("key", "--clearmodifiers", key)

    def type(self, text: str) -> None:
        self._tool("type", "--delay", "20", text)

    def go(self, cells: str) -> None:
        """Selects cells by their address or name, typed into the Name Box."""
        self.press("ctrl+shift+t", "ctrl+a")
        self.type(cells)
        self.press("Return")

    def activate(self, title: str) -> None:
        """Waits until the window with that title has the focus, so that keys reach it."""
        found = ("search", "--sync", "--onlyvisible", "--name", f"^{re.escape(title)}")
        self._tool(*found, "windowactivate", "--sync")

    def cells(self, tab: str, cells: str) -> dict[str, Any]:
        """The values and formulas that cells have now."""
        found: dict[str, Any] = self._read("cells", tab, cells)
        return found

    def windows(self) -> dict[str, list[str]]:
        """The titles of all windows, and the texts in the dialogs."""
        found: dict[str, list[str]] = self._read("windows")
        return found

    def wait(self, condition: Callable[[], bool]) -> bool:
        """Whether the condition becomes true while a person would wait."""
        end = time.monotonic() + _PATIENCE
        while not (met := condition()) and time.monotonic() < end:
            time.sleep(0.3)
        return met

    def picture(self, name: str) -> None:
        """Saves a screenshot into the folder `GPT2_EXCEL_SCREENSHOTS`, if it is set (Debian: imagemagick)."""
        folder = os.environ.get(SCREENSHOTS)
        if folder:
            time.sleep(_PAINTING)
            file = Path(folder) / f"{name}.png"
            subprocess.run(["import", "-window", "root", str(file)], check=True, env=self._environment)

    def is_open(self) -> bool:
        with suppress(subprocess.CalledProcessError):
            return bool(self.windows())
        return False

    def _tool(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], check=True, env=self._environment, timeout=_PATIENCE)

    def _read(self, *arguments: str) -> Any:
        command = [uno_python(), str(_READER), self._pipe, *arguments]
        for _ in range(_READINGS):
            done = subprocess.run(command, capture_output=True, env=self._environment, timeout=_PATIENCE)
            if done.returncode >= 0:  # negative: UNO crashed in the reader, which changes nothing, so it may read again
                break
        done.check_returncode()
        return json.loads(done.stdout)


@contextmanager
def opened(workbook: Path, profile: Path) -> Iterator[Window]:
    """A workbook in a window, with the add-in installed in an empty profile. Skips the test if a program is missing."""
    office = find_libreoffice()
    missing = [package for program, package in _PROGRAMS.items() if shutil.which(program) is None]
    missing += [] if office else ["libreoffice-calc"]
    missing += [] if uno_python() else ["python3-uno"]
    if office is None or missing:
        pytest.skip(f"a window needs Debian's {' '.join(missing)}")
    environment, pipe = profile_environment(profile), f"gpt2_excel_{uuid4().hex[:8]}"
    with mock.patch.dict(os.environ, environment):
        for _ in installation.install():
            pass
    options = ("--nologo", "--norestore", f"--accept=pipe,name={pipe};urp")
    with ExitStack() as stack:
        screen = stack.enter_context(_running(["Xvfb", "-displayfd", "1", "-screen", "0", _SIZE, "-nolisten", "tcp"]))
        assert screen.stdout is not None
        environment = {**os.environ, **environment, "DISPLAY": f":{screen.stdout.readline().decode().strip()}"}
        stack.enter_context(_running(["openbox"], env=environment))
        stack.enter_context(_running([office, *options, str(workbook)], env=environment))
        window = Window(environment, pipe)
        assert window.wait(window.is_open)
        yield window


@contextmanager
def _running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, **options
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait(timeout=_PATIENCE)
