"""Imposes on CPython the limits of Pyodide, the Python of xlwings Lite, as far as they concern this project.

`impose()` comes before every other import. After it, `sys.platform` is Pyodide's, no thread and no program can be
started, and of the installed packages only those can be imported that pip installs there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

# The packages that this project needs there, and those that they need.
PACKAGES = frozenset({"numpy", "platformdirs", "safetensors", "threadpoolctl", "tiktoken", "xlwings"})
NEEDED_BY_THEM = frozenset({"certifi", "charset_normalizer", "idna", "regex", "requests", "tiktoken_ext", "urllib3"})
_OWN = frozenset({"addin", "tests", "udfs"})


class JsNull:
    """A blank cell of a range: Pyodide has an object of its own for JavaScript's null."""


def impose() -> None:
    """Limits this process from now on, and gives it the decorators of xlwings Lite."""
    sys.platform = "emscripten"
    sys.meta_path.insert(0, _OnlyWhatPyodideHas())
    threading.Thread.start = _no_threads  # type: ignore[method-assign]
    subprocess.Popen.__init__ = _no_programs  # type: ignore[method-assign, assignment]
    os.fork = _no_programs
    os.cpu_count = lambda: 1
    for name in ("sched_getaffinity", "process_cpu_count"):
        if hasattr(os, name):
            delattr(os, name)
    os.environ["XLWINGS_ON_SERVER"] = "true"  # as xlwings Lite sets it
    sys.modules["xlwings.server"] = _decorators()


class _OnlyWhatPyodideHas(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top = fullname.partition(".")[0]
        if top in PACKAGES | NEEDED_BY_THEM | _OWN or top in sys.stdlib_module_names:
            return None  # the usual finders look for it
        raise ModuleNotFoundError(f"Pyodide has no {fullname}", name=fullname)


def _no_threads(thread: threading.Thread) -> NoReturn:
    raise RuntimeError("can't start new thread")


def _no_programs(*arguments: object, **options: object) -> NoReturn:
    raise OSError("Pyodide starts no programs")


def _decorators() -> ModuleType:
    """A module in place of `xlwings.server`, whose decorators record what they are given, as xlwings Lite's do."""
    module = ModuleType("xlwings.server")
    module.func = _func  # type: ignore[attr-defined]
    module.arg = _arg  # type: ignore[attr-defined]
    module.ret = _ret  # type: ignore[attr-defined]
    module.script = _script  # type: ignore[attr-defined]
    return module


def _recorded(function: Callable[..., Any]) -> dict[str, Any]:
    import inspect

    if not hasattr(function, "__xlfunc__"):
        parameters = inspect.signature(function).parameters.values()
        assert {parameter.kind for parameter in parameters} <= {inspect.Parameter.POSITIONAL_OR_KEYWORD}
        arguments = [{"name": parameter.name, "options": {}} for parameter in parameters]
        for argument, parameter in zip(arguments, parameters, strict=True):
            if parameter.default is not inspect.Parameter.empty:
                argument["optional"] = parameter.default
        ret = {"doc": function.__doc__, "options": {}}
        function.__xlfunc__ = {"name": function.__name__, "args": arguments, "ret": ret}  # type: ignore[attr-defined]
    found: dict[str, Any] = function.__xlfunc__  # type: ignore[attr-defined]
    return found


def _func(**options: object) -> Callable[..., Any]:
    return lambda function: _recorded(function) and function


def _arg(name: str, convert: object = None, doc: str = "") -> Callable[..., Any]:
    def record(function: Callable[..., Any]) -> Callable[..., Any]:
        (argument,) = [argument for argument in _recorded(function)["args"] if argument["name"] == name]
        argument["doc"] = doc
        argument["options"]["convert"] = convert
        return function

    return record


def _ret(convert: object = None) -> Callable[..., Any]:
    def record(function: Callable[..., Any]) -> Callable[..., Any]:
        _recorded(function)["ret"]["options"]["convert"] = convert
        return function

    return record


def _script(**options: object) -> Callable[..., Any]:
    def record(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__xlscript__ = options  # type: ignore[attr-defined]
        return function

    return record
