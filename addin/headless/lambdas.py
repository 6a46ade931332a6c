"""A LAMBDA as a value, and what the nodes of a formula are evaluated for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from .cell_rows import Position
from .values import VALUE


@dataclass(slots=True)
class Scope:
    """What a compiled node is evaluated for: the formula's cell, and the variables of LET and LAMBDA."""

    cell: Position
    variables: Mapping[str, Any]


NO_VARIABLES: Mapping[str, Any] = {}  # of a formula outside of LET and LAMBDA

Evaluate: TypeAlias = "Callable[[Scope], Any]"  # a compiled node: gives a scalar, a 2-D array or a Lambda


class Lambda:
    """A LAMBDA and the variables of its scope."""

    def __init__(self, names: list[str], body: Evaluate, scope: Scope) -> None:
        self._names, self._body, self._scope = names, body, scope

    def apply(self, arguments: list[Any]) -> Any:
        if len(arguments) != len(self._names):
            return VALUE
        given = dict(zip(self._names, arguments, strict=True))
        return self._body(Scope(self._scope.cell, {**self._scope.variables, **given}))
