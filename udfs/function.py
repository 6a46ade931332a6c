"""Makes a Python function a function of cells.

    @cell_function
    def gpt2_block(layer: arg.Layer, residual: arg.Residual, model: arg.Model = arg.LEFT_OUT) -> Array:

What a host needs to know of it (arguments, help, an example) it reads with `describe`; there is no second list.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, get_type_hints

import xlwings

from udfs.arguments import LEFT_OUT, Kind
from udfs.backend.errors import ModelError
from udfs.backend.result_cache import Cache, content_key
from udfs.cells import CellError, check_result, is_blank

CATEGORY = "GPT-2"
_EITHER = inspect.Parameter.POSITIONAL_OR_KEYWORD
_MAX_CACHE_BYTES = 512 * 2**20

_results = Cache(_MAX_CACHE_BYTES)


@dataclass(frozen=True)
class Argument:
    """One argument as a host shows it."""

    name: str
    help: str
    optional: bool


@dataclass(frozen=True)
class Description:
    """A cell function as a host shows it: `name` in upper case, its help, an example formula."""

    name: str
    help: str
    arguments: tuple[Argument, ...]
    example: str


def cell_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function on raw cell values: arguments converted by their kinds, results kept by content, help for xlwings.

    Raises CellError, one line, for anything wrong with the arguments.
    """
    signature = inspect.signature(function)
    kinds = kinds_of(function)
    name = function.__name__.upper()

    @wraps(function)
    def call(*raw: object, **named: object) -> Any:
        given = signature.bind_partial(*raw, **named).arguments
        try:
            arguments = _convert(given, signature, kinds)
            key = (name, *map(content_key, arguments.values()))
            result = _results.get(key, lambda: check_result(function(**arguments), name))
        except ModelError as error:
            raise CellError(str(error)) from None
        return [list(row) for row in result] if isinstance(result, list) else result

    return _for_xlwings(call, describe(call))


def describe(function: Callable[..., Any]) -> Description:
    """What a cell function says of itself in its signature and docstring.

    In a docstring a line `name: help` at the margin is the help of one argument; `Example: =...` is a formula.
    """
    kinds = kinds_of(function)
    documentation = inspect.getdoc(function) or ""
    own_help = dict(re.findall(r"^(\w+): (.+)$", documentation, re.M))
    arguments = tuple(
        Argument(parameter.name, own_help.get(parameter.name, kinds[parameter.name].help), _is_optional(parameter))
        for parameter in inspect.signature(function).parameters.values()
    )
    return Description(
        function.__name__.upper(), documentation.partition("\n\n")[0], arguments, own_help.get("Example", "")
    )


def kinds_of(function: Callable[..., Any]) -> dict[str, Kind]:
    """The kind of each argument of a cell function."""
    hints = get_type_hints(inspect.unwrap(function), include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if name != "return"}


def _is_optional(parameter: inspect.Parameter) -> bool:
    return parameter.default is not inspect.Parameter.empty


def _convert(given: dict[str, object], signature: inspect.Signature, kinds: dict[str, Kind]) -> dict[str, Any]:
    """Raw values to arguments; the model first, because what else is allowed depends on it."""
    arguments: dict[str, Any] = {}
    for name in sorted(kinds, key=lambda name: name != "model"):
        raw, kind, parameter = given.get(name), kinds[name], signature.parameters[name]
        if not _is_left_out(raw):
            arguments[name] = kind.convert(raw, name, arguments.get("model"))
        elif kind.takes_blank:
            arguments[name] = kind.convert("", name, arguments.get("model"))
        elif _is_optional(parameter):
            arguments[name] = None if parameter.default is LEFT_OUT else parameter.default
        else:
            raise CellError(f"{name} is missing: it must be {kind.help}")
    return arguments


def _is_left_out(raw: object) -> bool:
    while isinstance(raw, (list, tuple)) and len(raw) == 1:
        raw = raw[0]
    return is_blank(raw)


def _for_xlwings(call: Callable[..., Any], description: Description) -> Callable[..., Any]:
    """The same function, decorated as xlwings wants it: every argument raw, because we convert."""
    call.__annotations__ = {}  # xlwings would read them as converters of its own
    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(argument.name, _EITHER, default=None if argument.optional else inspect.Parameter.empty)
            for argument in description.arguments
        ]
    )
    for argument in description.arguments:
        call = xlwings.arg(argument.name, "raw", doc=argument.help)(call)
    return xlwings.func(category=CATEGORY)(call)
