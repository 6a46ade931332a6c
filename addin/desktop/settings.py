"""The file that tells the VBA which Python to start: `%USERPROFILE%\\.gpt2-excel\\gpt2-excel.conf`.

It has xlwings' format, a line `"KEY","VALUE"` for each setting. Settings that a user adds, such as
`"SHOW CONSOLE","True"`, are kept.
"""

from __future__ import annotations

import codecs
import csv
import io
import sys
from pathlib import Path

from addin import NAME
from addin.errors import AddinError

_MARK = ("WRITTEN BY", NAME)
_INTERPRETER = "INTERPRETER_WIN"


def settings_file() -> Path:
    """The file's path."""
    return Path.home() / f".{NAME}" / f"{NAME}.conf"


def write_settings(file: Path) -> None:
    """Writes this Python into the file. Raises AddinError if the file is not ours or VBA could not read the path."""
    settings = dict([_MARK]) | _read(file) | {_INTERPRETER: sys.executable}
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(settings.items())
    try:
        content = text.getvalue().encode(_encoding())
    except UnicodeEncodeError:
        raise AddinError(f"Excel cannot start {sys.executable}: its path has characters that VBA cannot read") from None
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)


def remove_settings(file: Path) -> None:
    """Removes the file, and its folder if that is then empty. Raises AddinError if the file is not ours."""
    _read(file)
    file.unlink()
    if not any(file.parent.iterdir()):
        file.parent.rmdir()


def interpreter(file: Path) -> str | None:
    """The Python that the file names, or None. Raises AddinError if the file is not ours."""
    return _read(file).get(_INTERPRETER)


def _read(file: Path) -> dict[str, str]:
    """The settings; empty if there is no file. Raises AddinError if the file is not ours."""
    if not file.exists():
        return {}
    rows = csv.reader(io.StringIO(file.read_bytes().decode(_encoding(), "replace")))
    settings = {row[0]: row[1] for row in rows if len(row) == 2}
    if _MARK not in settings.items():
        raise AddinError(f"{file} was not written by gpt2-excel: move it away, then run this again")
    return settings


def _encoding() -> str:
    """The system's encoding, in which VBA reads files."""
    try:
        return codecs.lookup("mbcs").name
    except LookupError:  # not on Windows
        return "cp1252"
