"""The file that tells the VBA which Python to start: `%USERPROFILE%\\.gpt2-excel\\gpt2-excel.conf`.

Its form is xlwings': a line `"KEY","VALUE"` for each setting. What a user adds there, such as `"SHOW CONSOLE","True"`,
stays.
"""

from __future__ import annotations

import codecs
import csv
import io
import sys
from pathlib import Path

from addin.commands.problems import Problem

NAME = "gpt2-excel"
_MARK = ("WRITTEN BY", NAME)
_INTERPRETER = "INTERPRETER_WIN"


def settings_file() -> Path:
    """Where the file is, or would be."""
    return Path.home() / f".{NAME}" / f"{NAME}.conf"


def write_settings(file: Path) -> None:
    """Names this Python in the file. Problem where one is there that is not ours, or where VBA could not read it."""
    settings = dict([_MARK]) | _read(file) | {_INTERPRETER: sys.executable}
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(settings.items())
    try:
        content = text.getvalue().encode(_encoding())
    except UnicodeEncodeError:
        raise Problem(f"Excel cannot start {sys.executable}: its name has characters that VBA cannot read") from None
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)


def remove_settings(file: Path) -> None:
    """Removes the file, and its folder where nothing else is in it. Problem where the file is not ours."""
    _read(file)
    file.unlink()
    if not any(file.parent.iterdir()):
        file.parent.rmdir()


def interpreter(file: Path) -> str | None:
    """The Python that the file names."""
    return _read(file).get(_INTERPRETER)


def _read(file: Path) -> dict[str, str]:
    """The settings, none where there is no file. Problem where it is not ours."""
    if not file.exists():
        return {}
    rows = csv.reader(io.StringIO(file.read_bytes().decode(_encoding(), "replace")))
    settings = {row[0]: row[1] for row in rows if len(row) == 2}
    if _MARK not in settings.items():
        raise Problem(f"{file} was not written by gpt2-excel: move it away, then run this again")
    return settings


def _encoding() -> str:
    """VBA reads files in the system's own encoding."""
    try:
        return codecs.lookup("mbcs").name
    except LookupError:  # not on Windows
        return "cp1252"
