"""Finds Microsoft Excel and LibreOffice on this machine."""

from __future__ import annotations

import os
import plistlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from addin import windows_registry

_TIMEOUT = 30  # seconds; LibreOffice creates a profile when it first starts
_EXCEL_ON_WINDOWS = r"SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\excel.exe"  # a registry key
_PROGRAM_FOLDERS = ("ProgramFiles", "ProgramFiles(x86)")


def find_excel() -> str | None:
    """Excel's path, on a Mac with its version; None if it is not installed."""
    if sys.platform == "win32":
        return _excel_on_windows()
    return _excel_on_mac() if sys.platform == "darwin" else None


def find_libreoffice() -> str | None:
    """LibreOffice's program, on the search path or in the folder of its installer; None if it is not installed."""
    if on_path := shutil.which("soffice") or shutil.which("libreoffice"):
        return on_path
    usual = {
        "darwin": ["/Applications/LibreOffice.app/Contents/MacOS/soffice"],
        # soffice.com is the one that prints to a console
        "win32": [rf"{os.environ.get(root, '')}\LibreOffice\program\soffice.com" for root in _PROGRAM_FOLDERS],
    }
    return next((path for path in usual.get(sys.platform, []) if Path(path).is_file()), None)


def libreoffice_version(program: str) -> str | None:
    """LibreOffice's version, or None if it does not start."""
    try:
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_TIMEOUT, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\d+(\.\d+)+", shown.stdout)
    return version[0] if version else None


def _excel_on_windows() -> str | None:
    """The path that Excel's installer registered, for all users or for this one."""
    found = windows_registry.read(_EXCEL_ON_WINDOWS, of_machine=True) or windows_registry.read(_EXCEL_ON_WINDOWS)
    return found.strip('"') if found else None


def _excel_on_mac() -> str | None:
    for folder in (Path("/Applications"), Path.home() / "Applications"):
        app = folder / "Microsoft Excel.app"
        if app.is_dir():
            info = plistlib.loads((app / "Contents/Info.plist").read_bytes())
            return f"{info.get('CFBundleShortVersionString', '')} ({app})".strip()
    return None
