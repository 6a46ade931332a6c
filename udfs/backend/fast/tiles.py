"""Linear layers with weights in tiles of 64 columns.

At every product OpenBLAS first copies ("packs") the whole of `W`. For a prompt of a few tokens that takes longer than
the product itself. Only products of less than a million multiplications go without packing, so `W` is stored as
contiguous tiles, and each is multiplied with few rows at a time. On AVX-512 that is twice as fast. Matrix-vector
products never pack, but on AMD's processors a single row, repeated, is faster with tiles, too.
"""

from __future__ import annotations

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.linear import TILE, Linear
from udfs.backend.fast.threads import in_shares

_UNPACKED = 1_000_000  # multiplications of the largest product that OpenBLAS does without packing
_LONGEST_INPUT = 768  # of one product, so that up to 20 rows go into it; longer inputs are cut and their products added
_WORTH_SHARING = 10_000_000  # multiplications; fewer are done before another thread has woken up
_TILES_AT_A_TIME = 8  # stay in the processor's cache while many rows pass


class TiledLinear(Linear):
    """A linear layer that multiplies with the tiles that `tiled` makes of its weight.

    A single row is multiplied with the tiles if `for_single_rows`, and otherwise with the weight itself.
    """

    def __init__(self, weight: Array, tiles: Array, bias: Array | None = None, for_single_rows: bool = False) -> None:
        super().__init__(weight, bias)
        self._tiles, self._for_single_rows = tiles, for_single_rows
        self._n_tiled = len(tiles) * TILE
        self._rest = weight[:, self._n_tiled :].copy()  # the columns that fill no tile

    def columns(self, x: Array, columns: slice, out: Array | None = None) -> Array:
        """Some of the outputs, as of `Linear`. The first column must begin a tile."""
        if not self._uses_tiles(len(x)):
            return super().columns(x, columns, out)
        n_columns = columns.stop - columns.start
        out = np.empty((len(x), n_columns), np.float32) if out is None else out
        tiles = self._tiles[columns.start // TILE : columns.stop // TILE]
        rest = self._rest if columns.stop > self._n_tiled else self._rest[:, :0]
        _multiply(x, tiles, rest, out)
        if self._bias is not None:
            out += self._bias[columns]
        return out

    def rows(self, x: Array, rows: slice) -> Array:
        """What some of the inputs add to the outputs, as of `Linear`."""
        if not self._uses_tiles(len(x)):
            return super().rows(x, rows)
        out = np.empty((len(x), self._weight.shape[1]), np.float32)
        _multiply(x, self._tiles[:, rows], self._rest[rows], out)
        return out

    def is_worth_sharing(self, n_rows: int) -> bool:
        """Whether several threads are faster than one."""
        if not self._uses_tiles(n_rows):
            return super().is_worth_sharing(n_rows)
        return n_rows * self._weight.size >= _WORTH_SHARING

    def _by_rows(self, n_rows: int) -> bool:
        return not self._uses_tiles(n_rows) and super()._by_rows(n_rows)

    def _uses_tiles(self, n_rows: int) -> bool:
        return n_rows > 1 or self._for_single_rows


def tiled(weight: Array) -> Array:
    """`[n_in, n_out]` -> `[n_tiles, n_in, TILE]`, without the columns that fill no tile."""
    n_in, n_out = weight.shape
    tiles = np.empty((n_out // TILE, n_in, TILE), np.float32)

    def copy(share: slice) -> None:
        columns = weight[:, share.start * TILE : share.stop * TILE]
        tiles[share] = columns.reshape(n_in, -1, TILE).swapaxes(0, 1)

    in_shares(len(tiles), copy)
    return tiles


def _multiply(x: Array, tiles: Array, rest: Array, out: Array) -> None:
    """`[n_rows, n_in]` by `[n_tiles, n_in, TILE]` and `[n_in, n_rest]` -> `[n_rows, n_tiles * TILE + n_rest]`."""
    if len(x) == 1:  # two equal rows are faster: one row by a tile is a matrix-vector product for OpenBLAS
        twice = np.empty((2, out.shape[1]), np.float32)
        _multiply(np.repeat(x, 2, axis=0), tiles, rest, twice)
        out[:] = twice[:1]
        return
    n_tiled = len(tiles) * TILE
    by_tile = out[:, :n_tiled].reshape(len(x), -1, TILE).swapaxes(0, 1)  # -> [n_tiles, n_rows, TILE]
    first, *others = _parts(tiles.shape[1], _LONGEST_INPUT)
    some_rows = _parts(len(x), _UNPACKED // ((first.stop - first.start + 1) * TILE))
    n_at_a_time = _TILES_AT_A_TIME if len(some_rows) > 1 else len(tiles)
    for start in range(0, len(tiles), max(1, n_at_a_time)):
        some = slice(start, start + n_at_a_time)
        for rows in some_rows:
            np.matmul(x[rows, first], tiles[some, first], out=by_tile[some, rows])
            for inputs in others:
                by_tile[some, rows] += x[rows, inputs] @ tiles[some, inputs]
    np.matmul(x, rest, out=out[:, n_tiled:])


def _parts(count: int, longest: int) -> list[slice]:
    """`range(count)` in as few parts of nearly equal size as possible, none above the longest."""
    n_parts = -(-count // longest)
    return [slice(count * i // n_parts, count * (i + 1) // n_parts) for i in range(n_parts)]
