"""Installs the functions into LibreOffice, as an extension for this user."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from addin.errors import AddinError, MissingError
from addin.programs import find_libreoffice

_TIMEOUT = 120  # seconds
_LARGEST_EXIT_CODE = 128  # of a program that ends by itself; a crash gives a negative code, or a larger one
_RESTART = "Close LibreOffice, all its windows, and start it again"


def install() -> Iterator[str]:
    """Makes the extension and adds it to LibreOffice.

    Raises MissingError without LibreOffice, AddinError if LibreOffice refuses the extension.
    """
    from addin.calc.extension import write_extension

    with TemporaryDirectory() as folder:
        file = Path(folder) / "gpt2-excel.oxt"
        write_extension(file, sys.executable)
        yield f"made the extension, which starts {sys.executable}"
        _unopkg("add", "--force", str(file))
    yield f"added it to LibreOffice {_for_whom()}"
    yield f'{_RESTART}. Then type =GPT2_PREDICT("Hello there") into several cells, with Ctrl+Shift+Enter.'
    yield "A workbook to begin with: gpt2-excel new anatomy --host calc"


def uninstall() -> Iterator[str]:
    """Removes the extension."""
    from addin.calc.extension import IDENTIFIER

    if _installed() is None:
        yield "nothing was installed"
        return
    _unopkg("remove", IDENTIFIER)
    yield f"removed the extension from LibreOffice {_for_whom()}. {_RESTART}."


def status() -> Iterator[str]:
    """Reports where LibreOffice is and whether it has the extension."""
    yield f"LibreOffice: {_program()}"
    from udfs.version import VERSION

    version = _installed()
    if version is None:
        yield "extension: not installed (gpt2-excel install --host calc)"
    elif version != VERSION:
        yield f"extension: of gpt2-excel {version}, but {VERSION} is installed (gpt2-excel install --host calc)"
    else:
        yield f"extension: version {version}"


def _installed() -> str | None:
    """The installed version of the extension, or None."""
    from addin.calc.extension import IDENTIFIER

    result = _run("list", IDENTIFIER)
    found = re.search(r"Version:\s*(\S+)", result.stdout)
    return found[1] if result.returncode == 0 and found else None


def _unopkg(*arguments: str) -> None:
    result = _run(*arguments)
    if not 0 <= result.returncode <= _LARGEST_EXIT_CODE:  # a crash, seen with LibreOffice 7.4
        result = _run(*arguments)
    if result.returncode:
        lines = [line for line in (result.stderr or result.stdout).splitlines() if line.strip()]
        reason = lines[0] if lines else f"exit code {result.returncode}"
        raise AddinError(f"LibreOffice's unopkg {arguments[0]}: {reason}")


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command, *others = arguments
    shared = ["--shared"] if _is_root() else []
    try:
        return subprocess.run(
            [_program(), command, *shared, *others],
            capture_output=True,
            text=True,
            errors="replace",  # on Windows a console has another encoding than the system
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AddinError(f"LibreOffice's unopkg {command} took over {_TIMEOUT} s: is LibreOffice open?") from None


def _program() -> str:
    """LibreOffice's program that manages extensions. Raises MissingError without LibreOffice."""
    office = find_libreoffice()
    if office is None:
        raise MissingError("LibreOffice is not on this machine: install LibreOffice Calc first (libreoffice.org)")
    program = shutil.which("unopkg") or shutil.which("unopkg", path=str(Path(office).resolve().parent))
    if program is None:
        raise MissingError(f"LibreOffice at {office} has no unopkg, which adds extensions")
    return program


def _is_root() -> bool:
    """Whether unopkg accepts extensions for all users only."""
    return sys.platform != "win32" and os.geteuid() == 0


def _for_whom() -> str:
    return "for all users, because you are root" if _is_root() else "for you"
