"""Fakes of pywin32's modules, so that xlwings' COM server and conversions for Windows run on other systems.

Every name in these modules exists, and does nothing.
"""

from __future__ import annotations

import ctypes
import sys
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

MISSING = -2147352572  # pywin32's value for an argument that was left out

_MODULES = """
    pythoncom pywintypes win32api win32con win32event win32gui win32process win32timezone
    win32com win32com.client win32com.client.gencache win32com.server win32com.server.dispatcher win32com.server.policy
    win32com.server.util
"""


class _Module(ModuleType):
    """Makes each name when it is first used: exceptions for names that end in error, base classes, else mocks."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        kind = Exception if name.endswith("error") else object
        is_class = kind is Exception or name in ("TimeType", "CDispatch", "CoClassBaseClass", "DispatchBaseClass")
        made = type(name, (kind,), {}) if is_class else MagicMock(name=name)
        setattr(self, name, made)
        return made


def install() -> None:
    """Puts the fakes where xlwings looks for pywin32, and gives xlwings its decorators for Windows."""
    for name in _MODULES.split():
        sys.modules[name] = _Module(name)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, sys.modules[name])
    sys.modules["pythoncom"].__file__ = __file__
    sys.modules["win32com.server.util"].unwrap = _unwrap  # type: ignore[attr-defined]
    ctypes.oledll = ctypes.windll = ctypes.PyDLL = MagicMock()  # type: ignore[attr-defined, misc, assignment]
    ctypes.WINFUNCTYPE, ctypes.HRESULT = ctypes.CFUNCTYPE, ctypes.c_long  # type: ignore[attr-defined]
    import xlwings
    from xlwings import _xlwindows, udfs

    xlwings.func, xlwings.arg, xlwings.ret = udfs.xlfunc, udfs.xlarg, udfs.xlret
    xlwings.engines.add(xlwings.Engine(impl=_xlwindows.engine))
    xlwings.engines.active = xlwings.engines["excel"]


def _unwrap(variant: object) -> object:
    raise ValueError("not an object of this server")  # as for every value that comes from Excel
