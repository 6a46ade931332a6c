"""Where each value is among the cells of a range, found once for all formulas that search the same cells."""

from __future__ import annotations

import weakref
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..values import Grid, XlError
from .comparison import Key, same_key, sort_key

_MANY = 32  # fewer cells are searched anew
_known: dict[tuple[int, int], tuple[weakref.ref[Grid], CellIndex]] = {}


class Ordered:
    """Cells of one kind, in the order of their positions."""

    def __init__(self, keys: list[Key], places: list[int]) -> None:
        self.keys, self.places = keys, places
        neighbours = list(pairwise(keys))
        self.is_ascending = all(first <= second for first, second in neighbours)
        self.is_descending = all(first >= second for first, second in neighbours)
        self.largest = max(keys, default=None)


class CellIndex:
    """The cells of an array in a row, and their positions by value. An array that is a value never changes."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self._ordered: dict[int, Ordered] = {}

    @cached_property
    def positions(self) -> dict[Any, list[int]]:
        """The positions of each value, by `same_key`."""
        found: dict[Any, list[int]] = {}
        for place, item in enumerate(self.items):
            found.setdefault(same_key(item), []).append(place)
        return found

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The numbers; NaN for any other cell."""
        return np.array([item if type(item) is float else np.nan for item in self.items])

    @cached_property
    def texts(self) -> list[tuple[int, str]]:
        """The texts and their positions."""
        items = enumerate(self.items)
        return [(at, item) for at, item in items if isinstance(item, str) and not isinstance(item, XlError)]

    def ordered(self, kind: int) -> Ordered:
        """The cells of one kind (see `sort_key`) with their positions."""
        if kind not in self._ordered:
            keys = [(key, place) for place, item in enumerate(self.items) if (key := sort_key(item))[0] == kind]
            self._ordered[kind] = Ordered([key for key, _ in keys], [place for _, place in keys])
        return self._ordered[kind]


def index_of(grid: Grid, column: int | None = None) -> CellIndex:
    """The index of all cells of an array, row by row, or of those of one column."""
    if grid.size < _MANY:
        return _made(grid, column)
    key = id(grid), -1 if column is None else column
    entry = _known.get(key)
    if entry is None or entry[0]() is not grid:
        entry = weakref.ref(grid, lambda _: _known.pop(key, None)), _made(grid, column)
        _known[key] = entry
    return entry[1]


def _made(grid: Grid, column: int | None) -> CellIndex:
    return CellIndex((grid if column is None else grid[:, column]).reshape(-1).tolist())
