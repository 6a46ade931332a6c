"""A LAMBDA as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .values import VALUE

Scope: TypeAlias = "Mapping[str, Any]"  # the variables of LET and LAMBDA
Evaluate: TypeAlias = "Callable[[Scope], Any]"  # a compiled node: gives a scalar, a 2-D array or a Lambda


class Lambda:
    """A LAMBDA and the variables of its scope."""

    def __init__(self, names: list[str], body: Evaluate, scope: Scope) -> None:
        self._names, self._body, self._scope = names, body, scope

    def apply(self, arguments: list[Any]) -> Any:
        if len(arguments) != len(self._names):
            return VALUE
        return self._body({**self._scope, **dict(zip(self._names, arguments, strict=True))})
