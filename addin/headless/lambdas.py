"""A LAMBDA as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from . import formulas_package
from .values import VALUE, from_result

Scope: TypeAlias = "Mapping[str, Any]"  # the variables of LET and LAMBDA
Evaluate: TypeAlias = "Callable[[Scope], Any]"  # a compiled node: gives a scalar, a 2-D array or a Lambda


class Lambda:
    """A LAMBDA and the variables of its scope. The package `formulas` calls it from MAP, BYROW and others."""

    def __init__(self, names: list[str], body: Evaluate, scope: Scope) -> None:
        self._names, self._body, self._scope = names, body, scope

    def __call__(self, *arguments: Any) -> Any:
        return formulas_package.to_package(self.apply([from_result(a) for a in arguments]))

    def apply(self, arguments: list[Any]) -> Any:
        if len(arguments) != len(self._names):
            return VALUE
        return self._body({**self._scope, **dict(zip(self._names, arguments, strict=True))})
