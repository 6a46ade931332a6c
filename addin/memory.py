"""How much memory this machine has."""

from __future__ import annotations

import ctypes
import os
import sys


class _Status(ctypes.Structure):
    """Windows' MEMORYSTATUSEX."""

    _fields_ = (
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        *((field, ctypes.c_ulonglong) for field in ("total", "free", "a", "b", "c", "d", "e")),
    )


def memory_of_machine() -> int | None:
    """The bytes of this machine's memory; None if the system does not report it."""
    if sys.platform == "win32":
        status = _Status(length=ctypes.sizeof(_Status))
        return int(status.total) if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None
