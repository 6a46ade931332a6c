"""The part of `winreg` that the project uses, with values in memory, for tests on other systems."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

MACHINE, USER = "HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER"
WRITE = 2


class Registry(SimpleNamespace):
    """`values` are the texts by root, key and name. Names are those of winreg."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str, str], str] = {}
        super().__init__(HKEY_LOCAL_MACHINE=MACHINE, HKEY_CURRENT_USER=USER, KEY_SET_VALUE=WRITE, REG_SZ=1)

    def CreateKey(self, root: str, path: str) -> Key:  # noqa: N802
        return Key(root, path, WRITE)

    def OpenKey(self, root: str, path: str, reserved: int = 0, access: int = 1) -> Key:  # noqa: N802
        if not any(known[:2] == (root, path) for known in self.values):
            raise FileNotFoundError(2, "there is no such key")
        return Key(root, path, access)

    def SetValueEx(self, key: Key, name: str, reserved: int, kind: int, value: str) -> None:  # noqa: N802
        assert (key.access, kind) == (WRITE, self.REG_SZ)
        self.values[key.root, key.path, name] = value

    def QueryValueEx(self, key: Key, name: str) -> tuple[str, int]:  # noqa: N802
        try:
            return self.values[key.root, key.path, name], self.REG_SZ
        except KeyError:
            raise FileNotFoundError(2, "there is no such value") from None

    def DeleteValue(self, key: Key, name: str) -> None:  # noqa: N802
        assert key.access == WRITE
        del self.values[key.root, key.path, name]


class Key:
    """An open key: a context manager, as in winreg."""

    def __init__(self, root: str, path: str, access: int) -> None:
        self.root, self.path, self.access = root, path, access

    def __enter__(self) -> Key:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def on_windows(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Makes this system look like Windows with an empty registry."""
    registry: Any = Registry()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "winreg", registry)
    return registry
