"""The order in which formulas are evaluated: each after those that it depends on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass

from workbook_templates.formula.ranges import CellRange

from .formula import Formula, in_order

Dependants = Callable[[Formula, CellRange], Set[Formula]]
_Graph = Mapping[Formula, Set[Formula]]


@dataclass(frozen=True)
class Order:
    """Formulas by their place in the order, and the place of each. `circular` are those in a cycle.

    `reach` is how far each formula's spill was taken to go: while spills stay inside, the order holds."""

    formulas: list[Formula]
    places: dict[Formula, int]
    circular: frozenset[Formula]
    reach: dict[Formula, CellRange]


def find_order(formulas: Iterable[Formula], dependants: Dependants) -> Order:
    """The order of all formulas. `dependants` gives the formulas that depend on one that fills a range."""
    reach = {formula: formula.expected for formula in sorted(formulas, key=in_order)}
    order, rest = _sorted(reach, {formula: dependants(formula, rect) for formula, rect in reach.items()})
    circular: set[Formula] = set()
    if rest:
        # A cycle may run through cells that a spill might reach but does not: look again at the cells that it reaches.
        certain = {formula: dependants(formula, _certain(formula)) for formula in rest}
        more, rest = _sorted(rest, certain)
        circular = _without_ends(rest, certain)
        last, _ = _sorted(rest - circular, certain)
        order += [*more, *sorted(circular, key=in_order), *last]
    return Order(order, {formula: place for place, formula in enumerate(order)}, frozenset(circular), reach)


def _certain(formula: Formula) -> CellRange:
    return formula.rect if formula.evaluated else CellRange.cell(*formula.cell)


def _sorted(nodes: Iterable[Formula], successors: _Graph) -> tuple[list[Formula], set[Formula]]:
    """The nodes in topological order, and those that are in a cycle or depend on one."""
    rest = set(nodes)
    waiting = Counter(s for formula in rest for s in successors[formula] if s in rest)
    ready = sorted((formula for formula in rest if not waiting[formula]), key=in_order, reverse=True)
    order: list[Formula] = []
    while ready:
        formula = ready.pop()
        rest.discard(formula)
        order.append(formula)
        free = []
        for successor in successors[formula]:
            waiting[successor] -= 1
            if not waiting[successor] and successor in rest:
                free.append(successor)
        if free:
            ready += sorted(free, key=in_order, reverse=True)
    return order, rest


def _without_ends(nodes: set[Formula], successors: _Graph) -> set[Formula]:
    """The nodes from which a cycle can be reached."""
    predecessors: dict[Formula, set[Formula]] = {formula: set() for formula in nodes}
    for formula in nodes:
        for successor in successors[formula] & nodes:
            predecessors[successor].add(formula)
    return nodes - set(_sorted(nodes, predecessors)[0])
