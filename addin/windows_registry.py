"""Texts in Windows' registry. Only Windows' Python has `winreg`, so it is imported when it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def read(key: str, name: str = "", *, of_machine: bool = False) -> str | None:
    """A value of this user, or of the machine; None if it does not exist. A blank name means the key's own value."""
    winreg = _winreg()
    root = winreg.HKEY_LOCAL_MACHINE if of_machine else winreg.HKEY_CURRENT_USER
    try:
        with winreg.OpenKey(root, key) as opened:
            return str(winreg.QueryValueEx(opened, name)[0])
    except OSError:
        return None


def write(key: str, name: str, text: str) -> None:
    """Sets a value of this user, and makes the key if it does not exist."""
    winreg = _winreg()
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
        winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, text)


def delete(key: str, name: str) -> None:
    """Deletes a value of this user. Raises OSError if it does not exist."""
    winreg = _winreg()
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE) as opened:
        winreg.DeleteValue(opened, name)


def _winreg() -> Any:
    return import_module("winreg")
