"""The machine's memory, as each system tells it."""

from __future__ import annotations

import ctypes
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from addin.memory import memory_of_machine

TOTAL = 16 * 2**30


def test_this_machine_has_memory() -> None:
    found = memory_of_machine()
    assert found is not None
    assert found > 2**28


@pytest.mark.parametrize(("answers", "expected"), [(1, TOTAL), (0, None)])
def test_windows_is_asked(answers: int, expected: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(status: Any) -> int:
        assert status._obj.length == ctypes.sizeof(status._obj)
        status._obj.total = TOTAL
        return answers

    kernel32 = SimpleNamespace(GlobalMemoryStatusEx=answer)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel32), raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert memory_of_machine() == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sysconf")
def test_a_system_that_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> int:
        raise ValueError(name)

    monkeypatch.setattr("addin.memory.os.sysconf", refuse)
    assert memory_of_machine() is None
