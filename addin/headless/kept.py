"""Parts of formulas that many formulas have in common, calculated once.

`SEQUENCE(token_count)>=SEQUENCE(1,token_count)`, the mask of a triangle, is in hundreds of a workbook's formulas. What
makes an array out of nothing but constants and single fixed cells is therefore kept until one of these cells changes.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from operator import is_
from typing import Any

from workbook_templates.formula.tree import Call, Constant, Missing, Name, Node, Operation, Reference, children, walk

from .lambdas import Evaluate, Scope

_MAKES_ARRAY = "SEQUENCE"


def makes_array(node: Node) -> bool:
    return any(isinstance(part, Call) and part.function == _MAKES_ARRAY for part in walk(node))


def cells(node: Node, resolved: Callable[[Node], Node], variables: Set[str]) -> list[Reference] | None:
    """The single cells with `$` that a node reads; None if it depends on anything else."""
    found: list[Reference] = []
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, Operation) or (isinstance(part, Call) and part.function == _MAKES_ARRAY):
            pending += children(part)
            continue
        if isinstance(part, Name) and part.name not in variables:
            part = resolved(part)
        if isinstance(part, Reference) and _is_fixed_cell(part):
            found.append(part)
        elif not isinstance(part, (Constant, Missing)):
            return None
    return found


def _is_fixed_cell(node: Reference) -> bool:
    return not node.spill and node.range.area == 1 and node.first.fixed_row and node.first.fixed_column


class Kept:
    """A compiled node that is evaluated again only if one of the cells that it reads has another value."""

    __slots__ = ("_before", "_evaluate", "_inputs", "_value")

    def __init__(self, evaluate: Evaluate, inputs: list[Evaluate]) -> None:
        self._evaluate, self._inputs = evaluate, inputs
        self._before: list[Any] | None = None
        self._value: Any = None

    def __call__(self, scope: Scope) -> Any:
        now = [read(scope) for read in self._inputs]
        if self._before is None or not all(map(is_, now, self._before)):
            self._value, self._before = self._evaluate(scope), now
        return self._value
