"""Finds what covers a cell among thousands of ranges, without a look at each of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from workbook_templates.formula.ranges import CellRange

Item = TypeVar("Item", bound=Hashable)
_Level = tuple[int, int]
_Tile = tuple[int, int]


class RangeIndex(Generic[Item]):
    """Items, each at one or more ranges of a sheet.

    A sheet is divided into tiles, once for each size of ranges: a range lies in tiles whose height and width are the
    next powers of two, so it meets four of them at most. A search looks at the tiles that it meets in each division.
    """

    def __init__(self) -> None:
        self._levels: dict[_Level, dict[_Tile, set[tuple[CellRange, Item]]]] = {}

    def add(self, rect: CellRange, item: Item) -> None:
        level = _level(rect)
        tiles = self._levels.setdefault(level, {})
        for tile in _tiles(rect, level):
            tiles.setdefault(tile, set()).add((rect, item))

    def remove(self, rect: CellRange, item: Item) -> None:
        """Raises KeyError if the item is not at that range."""
        level = _level(rect)
        tiles = self._levels[level]
        for tile in _tiles(rect, level):
            entries = tiles[tile]
            entries.remove((rect, item))
            if not entries:
                del tiles[tile]
        if not tiles:
            del self._levels[level]

    def meeting(self, rect: CellRange) -> set[tuple[CellRange, Item]]:
        """The items at ranges that share a cell with this one, with those ranges."""
        found: set[tuple[CellRange, Item]] = set()
        if rect[:2] == rect[2:]:
            return self._at(rect, found)
        for level, tiles in self._levels.items():
            for tile in _tiles_among(rect, level, tiles):
                found.update(entry for entry in tiles[tile] if entry[0].meets(rect))
        return found

    def _at(self, cell: CellRange, found: set[tuple[CellRange, Item]]) -> set[tuple[CellRange, Item]]:
        """Adds the items at ranges with that cell, which is in one tile of each division."""
        row, column, _, _ = cell
        for (rows, columns), tiles in self._levels.items():
            entries = tiles.get((row >> rows, column >> columns))
            if entries:
                found.update(entry for entry in entries if entry[0].holds(row, column))
        return found


def _level(rect: CellRange) -> _Level:
    """The powers of two of the height and width of the tiles for a range."""
    return (rect.bottom - rect.top).bit_length(), (rect.right - rect.left).bit_length()


def _tiles(rect: CellRange, level: _Level) -> Iterator[_Tile]:
    """The tiles that a range meets."""
    rows, columns = level
    for row in range(rect.top >> rows, (rect.bottom >> rows) + 1):
        for column in range(rect.left >> columns, (rect.right >> columns) + 1):
            yield row, column


def _tiles_among(rect: CellRange, level: _Level, tiles: dict[_Tile, set[tuple[CellRange, Item]]]) -> list[_Tile]:
    """Those of the tiles that a range meets."""
    (rows, columns), (top, left, bottom, right) = level, rect
    first, last = (top >> rows, left >> columns), (bottom >> rows, right >> columns)
    if first == last:
        return [first] if first in tiles else []
    if (last[0] - first[0] + 1) * (last[1] - first[1] + 1) < len(tiles):
        return [tile for tile in _tiles(rect, level) if tile in tiles]
    return [(r, c) for r, c in tiles if first[0] <= r <= last[0] and first[1] <= c <= last[1]]
