"""Linear layers whose weights lie in memory as tiles of 64 columns.

OpenBLAS copies ("packs") the whole of `W` at each product, which for a prompt of a few tokens takes longer than the
product itself; only products of less than a million multiplications go without. So `W` may be kept as tiles of 64
columns, each contiguous, and multiplied tile by tile with few rows at a time. Whether that is faster is measured
(`layout.py`).
"""

from __future__ import annotations

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.linear import TILE, Linear
from udfs.backend.fast.team import team

_LONGEST_INPUT = 768  # of one product, so that up to 20 rows go into it without packing
_UNPACKED = 1_000_000  # multiplications of a product that OpenBLAS does without packing (100 * 100 * 100)
_ROWS_OF_KERNEL = 4  # that OpenBLAS multiplies together: other numbers of rows take a tenth longer
_MANY_ROWS = 48  # from here on packing is cheap beside the product
_WORTH_SHARING = 10_000_000  # multiplications: fewer are done before a helper has woken up
_TILES_AT_A_TIME = 8  # stay in the fast caches while all chunks of rows pass


class Tiled(Linear):
    """A linear layer whose weights lie in tiles, as `tiled` makes them; `rest` are the columns that fill no tile.

    With `chunks` also many rows are multiplied few at a time.
    """

    def __init__(self, tiles: Array, rest: Array, bias: Array | None, *, chunks: bool) -> None:
        self._n_tiled = len(tiles) * TILE
        super().__init__(tiles.shape[1], self._n_tiled + rest.shape[1], bias)
        self._tiles, self._rest, self._chunks = tiles, rest, chunks

    def __call__(self, x: Array) -> Array:
        return self._by_tiles(x, slice(0, self.n_in), self.bias)

    def rows(self, x: Array, rows: slice) -> Array:
        return self._by_tiles(x, rows, None)

    def columns(self, x: Array, columns: slice, groups: int = 1) -> Array:
        if groups * (columns.stop - columns.start) == self.n_out:
            return self(x)
        n_seq, share = len(x), slice(columns.start // TILE, columns.stop // TILE)
        tiles = self._tiles.reshape(groups, -1, self.n_in, TILE)[:, share]
        product = self._product(x, tiles)  # -> [groups, n_tiles, n_seq, TILE]
        if self.bias is not None:
            product += self.bias.reshape(groups, -1, 1, TILE)[:, share]
        return product.transpose(2, 0, 1, 3).reshape(n_seq, -1)

    def _by_tiles(self, x: Array, rows: slice, bias: Array | None) -> Array:
        n_seq, tiles = len(x), self._tiles[:, rows]
        out = np.empty((n_seq, self.n_out), np.float32)
        by_tile = out[:, : self._n_tiled].reshape(n_seq, len(tiles), TILE)
        at_a_time = _TILES_AT_A_TIME if n_seq > _MANY_ROWS else max(1, len(tiles))

        def multiply(share: slice) -> None:
            for first in range(share.start, share.stop, at_a_time):
                some = slice(first, min(first + at_a_time, share.stop))
                product = self._product(x, tiles[some]).swapaxes(0, 1)  # -> [n_seq, n_tiles, TILE]
                if bias is None:
                    by_tile[:, some] = product
                else:
                    np.add(product, bias[first * TILE : some.stop * TILE].reshape(-1, TILE), out=by_tile[:, some])

        if x.size * self._n_tiled < _WORTH_SHARING:
            multiply(slice(0, len(tiles)))
        else:
            team().share_out(len(tiles), multiply)
        if self._rest.size:
            rest = out[:, self._n_tiled :]
            np.matmul(x, self._rest[rows], out=rest)
            rest += 0 if bias is None else bias[self._n_tiled :]
        return out

    def _product(self, x: Array, tiles: Array) -> Array:
        """`[..., n_seq, n_in]` by `[..., n_in, TILE]` -> `[..., n_seq, TILE]`."""
        n_seq, n_in = x.shape[-2:]
        if n_seq == 1:  # one row would go to gemv, which is a third slower on tiles
            return self._product(x.repeat(2, axis=-2), tiles)[..., :1, :]
        if n_in > _LONGEST_INPUT:
            n_parts = parts_of(n_in)
            parts = np.ascontiguousarray(x.reshape(n_seq, n_parts, -1).swapaxes(0, 1))  # -> [n_parts, n_seq, part_in]
            return self._product(parts, tiles.reshape(*tiles.shape[:-2], n_parts, -1, TILE)).sum(axis=-3)
        most = n_seq if n_seq > _MANY_ROWS and not self._chunks else _most_rows(n_in)
        if n_seq <= most:
            return np.matmul(x, tiles)
        product = np.empty((*tiles.shape[:-2], n_seq, TILE), np.float32)
        n_chunks, n_left = divmod(n_seq, most)
        whole = slice(0, n_chunks * most)
        chunks, products = (a[..., whole, :].reshape(*a.shape[:-2], n_chunks, most, -1) for a in (x, product))
        np.matmul(chunks, tiles[..., None, :, :], out=products)
        if n_left:
            left = slice(min(whole.stop, n_seq - 2), n_seq)  # a single row takes the one before with it
            np.matmul(x[..., left, :], tiles, out=product[..., left, :])
        return product


def tiled(weight: Array) -> Array:
    """`[n_in, n_out]` -> `[n_tiles, n_in, TILE]`; columns that fill no tile are left out."""
    n_in, n_out = weight.shape
    tiles = np.empty((n_out // TILE, n_in, TILE), np.float32)

    def work(share: slice) -> None:
        columns = weight[:, share.start * TILE : share.stop * TILE]
        tiles[share] = columns.reshape(n_in, -1, TILE).swapaxes(0, 1)

    team().share_out(len(tiles), work)
    return tiles


def _most_rows(n_in: int) -> int:
    """How many rows go into one product without packing."""
    most = _UNPACKED // (n_in * TILE)
    return most - most % _ROWS_OF_KERNEL


def parts_of(n_in: int) -> int:
    """Into how many equal parts an input is cut, whose products are added, so that more rows go into one product."""
    return next(n for n in range(1, n_in + 1) if n_in % n == 0 and n_in // n <= _LONGEST_INPUT)
