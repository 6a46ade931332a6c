"""The formulas that keep the values of the file, because they cannot be calculated here as Excel would."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from .formula import Formula, in_order


@dataclass(frozen=True)
class NotCalculated:
    """A function or a feature that is not supported: the first cell that uses it, and how many formulas keep their
    stored values because of it."""

    feature: str
    cell: str
    formulas: int

    def __str__(self) -> str:
        """One line for the user."""
        others = "1 formula keeps its value" if self.formulas == 1 else f"{self.formulas} formulas keep their values"
        return f"{self.feature} in {self.cell} cannot be calculated here: {others} from the file"


class UncalculatedFormulas:
    """Which formulas keep their stored values, and why: their own feature, or a formula that they depend on."""

    def __init__(self) -> None:
        self.features: dict[Formula, tuple[Formula, str]] = {}  # the formula that uses the feature, and the feature
        self._causes: dict[Formula, set[Formula]] = {}  # the kept formulas that a formula depends on
        self._effects: dict[Formula, Set[Formula]] = {}

    def cause(self, formula: Formula) -> Formula | None:
        """A kept formula that this one depends on."""
        causes = self._causes.get(formula)
        return min(causes, key=in_order) if causes else None

    def inherit(self, formula: Formula, cause: Formula, dependants: Set[Formula]) -> Set[Formula]:
        return self._keep(formula, self.features[cause], dependants)

    def keep(self, formula: Formula, feature: str, dependants: Set[Formula]) -> Set[Formula]:
        """Notes that the formula keeps its value. Returns the formulas that must look at this again."""
        return self._keep(formula, (formula, feature), dependants)

    def release(self, formula: Formula) -> Set[Formula]:
        """Notes that the formula was calculated or removed. Returns the formulas that must look at this again."""
        self.features.pop(formula, None)
        dependants = self._effects.pop(formula, frozenset())
        for dependant in dependants:
            self._causes[dependant].discard(formula)
        return dependants

    def forget(self, formula: Formula) -> Set[Formula]:
        """Notes that the formula was removed from its cell."""
        for cause in self._causes.pop(formula, ()):
            self._effects[cause] = self._effects[cause] - {formula}
        return self.release(formula)

    def _keep(self, formula: Formula, why: tuple[Formula, str], dependants: Set[Formula]) -> Set[Formula]:
        if self.features.get(formula) == why and self._effects.get(formula) == dependants:
            return frozenset()
        self.features[formula] = why
        self._effects[formula] = dependants = dependants - {formula}
        for dependant in dependants:
            self._causes.setdefault(dependant, set()).add(formula)
        return dependants

    def report(self, address: Callable[[Formula], str]) -> list[NotCalculated]:
        """One entry for each feature, in the order of the cells."""
        firsts: dict[str, Formula] = {}
        counts: dict[str, int] = {}
        for formula in sorted(self.features, key=in_order):
            user, feature = self.features[formula]
            counts[feature] = counts.get(feature, 0) + 1
            firsts[feature] = min(firsts.get(feature, user), user, key=in_order)
        return [NotCalculated(feature, address(firsts[feature]), count) for feature, count in counts.items()]
