"""Where Excel looks for the manifest of an add-in from no store: a folder on a Mac, the registry on Windows."""

from __future__ import annotations

import sys
from pathlib import Path

from addin.commands.problems import Problem
from addin.office.manifest import ADDIN_ID

REGISTRY_KEY = r"Software\Microsoft\Office\16.0\Wef\Developer"
_EXCEL = "Library/Containers/com.microsoft.Excel/Data/Documents"
_FILE = "gpt2-excel.xml"


def mac_file() -> Path:
    """The manifest in Excel's own folder on a Mac."""
    return Path.home() / _EXCEL / "wef" / _FILE


def add_to_mac(manifest: str) -> Path | None:
    """Puts the manifest there; None where Excel has never been started. Problem where another's file has its name."""
    path = mac_file()
    if not (Path.home() / _EXCEL).is_dir():
        return None
    check_ours(path)
    path.parent.mkdir(exist_ok=True)
    path.write_text(manifest, encoding="utf-8")
    return path


def check_ours(path: Path) -> None:
    """Problem for a file that is no manifest of this add-in."""
    if path.exists() and ADDIN_ID not in path.read_text(encoding="utf-8", errors="replace"):
        raise Problem(f"{path} is another program's file: move it away first")


if sys.platform == "win32":
    import winreg

    def add_to_windows(manifest: Path) -> None:
        """Tells Excel of the manifest, as Microsoft's own tools do for an add-in under development."""
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, REGISTRY_KEY) as key:
            winreg.SetValueEx(key, ADDIN_ID, 0, winreg.REG_SZ, str(manifest))

    def known_to_windows() -> str | None:
        """The manifest that Excel was told of."""
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, REGISTRY_KEY) as key:
                return str(winreg.QueryValueEx(key, ADDIN_ID)[0])
        except OSError:
            return None

    def remove_from_windows() -> None:
        """Undoes it."""
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, REGISTRY_KEY, 0, winreg.KEY_SET_VALUE) as key:
            winreg.DeleteValue(key, ADDIN_ID)
