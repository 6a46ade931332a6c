"""Linear layers with weights in tiles of 64 columns.

At every product OpenBLAS first copies ("packs") the whole of `W`. For a prompt of a few tokens that takes longer than
the product itself. Only products of less than a million multiplications go without packing, so `W` is stored as
contiguous tiles, and each is multiplied with few rows at a time. On AVX-512 that is twice as fast.
"""

from __future__ import annotations

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.linear import Linear
from udfs.backend.fast.threads import in_shares

TILE = 64  # columns: one head of every published GPT-2
_UNPACKED = 1_000_000  # multiplications of the largest product that OpenBLAS does without packing
_LONGEST_INPUT = 768  # of one product, so that up to 20 rows go into it; longer inputs are cut and their products added
_WORTH_SHARING = 10_000_000  # multiplications; fewer are done before another thread has woken up
_TILES_AT_A_TIME = 8  # stay in the processor's cache while all rows pass


class TiledLinear(Linear):
    """A linear layer that multiplies several rows with the tiles that `tiled` makes of its weight.

    A single row is multiplied with the weight itself, because matrix-vector products never pack.
    """

    def __init__(self, weight: Array, tiles: Array, bias: Array | None = None) -> None:
        super().__init__(weight, bias)
        self._tiles = tiles
        self._rest = weight[:, len(tiles) * TILE :].copy()  # the columns that fill no tile

    def _product(self, x: Array) -> Array:
        if len(x) == 1:
            return super()._product(x)
        n_tiled = len(self._tiles) * TILE
        out: Array = np.empty((len(x), n_tiled + self._rest.shape[1]), np.float32)
        by_tile = out[:, :n_tiled].reshape(len(x), -1, TILE)

        def multiply(share: slice) -> None:
            for start in range(share.start, share.stop, _TILES_AT_A_TIME):
                some = slice(start, min(start + _TILES_AT_A_TIME, share.stop))
                by_tile[:, some] = _product(x, self._tiles[some]).swapaxes(0, 1)  # -> [n_rows, n_tiles, TILE]

        if x.size * n_tiled < _WORTH_SHARING:
            multiply(slice(0, len(self._tiles)))
        else:
            in_shares(len(self._tiles), multiply)
        np.matmul(x, self._rest, out=out[:, n_tiled:])
        return out


def tiled(weight: Array) -> Array:
    """`[n_in, n_out]` -> `[n_tiles, n_in, TILE]`, without the columns that fill no tile."""
    n_in, n_out = weight.shape
    tiles = np.empty((n_out // TILE, n_in, TILE), np.float32)

    def copy(share: slice) -> None:
        columns = weight[:, share.start * TILE : share.stop * TILE]
        tiles[share] = columns.reshape(n_in, -1, TILE).swapaxes(0, 1)

    in_shares(len(tiles), copy)
    return tiles


def _product(x: Array, tiles: Array) -> Array:
    """`[n_rows, n_in]` by `[n_tiles, n_in, TILE]` -> `[n_tiles, n_rows, TILE]`."""
    n_tiles, n_in, _ = tiles.shape
    out = np.zeros((n_tiles, len(x), TILE), np.float32)
    for inputs in _parts(n_in, _LONGEST_INPUT):
        most_rows = _UNPACKED // ((inputs.stop - inputs.start) * TILE)
        for rows in _parts(len(x), most_rows):
            out[:, rows] += np.matmul(x[rows, inputs], tiles[:, inputs])
    return out


def _parts(count: int, longest: int) -> list[slice]:
    """`range(count)` in as few parts of nearly equal size as possible, none above the longest."""
    n_parts = -(-count // longest)
    return [slice(count * i // n_parts, count * (i + 1) // n_parts) for i in range(n_parts)]
