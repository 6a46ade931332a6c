"""A linear layer, `x @ W + b`, laid out in memory for the machine that it runs on.

OpenBLAS copies ("packs") the whole of `W` at each product, which for a prompt of a few tokens takes longer than the
product itself; only products of less than a million multiplications go without. So `W` may be kept as tiles of 64
columns, each contiguous, and multiplied tile by tile with few rows at a time. Whether that is faster is measured
(`layout.py`); where it is not, `W` stays as it is. Either way the columns are shared out among a team of threads.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.team import team

Layout: TypeAlias = Literal["plain", "tiles"]

TILE = 64  # columns: one head of every published GPT-2
_UNPACKED = 1_000_000  # multiplications of a product that OpenBLAS does without packing (100 * 100 * 100)
_LONGEST_INPUT = 1024
_MANY_ROWS = 48  # from here on packing is cheap beside the product
_SMALL = 2**18  # weights: below, sharing out costs more than it gains


class Linear:
    """`x @ weight + bias`: `x` of `[n_seq, n_in]`, `weight` of `[n_in, n_out]`, `bias` of `[n_out]`."""

    def __init__(self, weight: Array, bias: Array | None, layout: Layout) -> None:
        self._weight, self._bias = weight, bias
        self.n_in, self.n_out = weight.shape
        self._alone = is_small(weight)
        self._tiles = _tiled(weight) if layout == "tiles" and not self._alone else None

    @property
    def has_own_copy(self) -> bool:
        """Whether the weights as they were given are not needed any more."""
        return self._tiles is not None and self._tiles.base is None

    def __call__(self, x: Array) -> Array:
        out = np.empty((len(x), self.n_out), np.float32)
        if self._alone:
            self._plain(x, out, slice(0, self.n_out))
        elif self._tiles is None:
            members = team()
            members.run(lambda part: self._plain(x, out, members.share(self.n_out, part)))
        else:
            self._tiled_product(x, out, self._tiles)
        return out

    def _plain(self, x: Array, out: Array, columns: slice) -> None:
        np.matmul(x, self._weight[:, columns], out=out[:, columns])
        if self._bias is not None:
            out[:, columns] += self._bias[columns]

    def _tiled_product(self, x: Array, out: Array, tiles: Array) -> None:
        n_parts, n_tiles, part_in, _ = tiles.shape
        rows = _in_chunks(x, n_parts, part_in)  # [n_seq, n_in] -> [n_parts, 1, n_chunks, chunk, part_in]
        members = team()

        def work(member: int) -> None:
            share = members.share(n_tiles, member)
            products = np.matmul(rows, tiles[:, share, None])  # -> [n_parts, n_tiles, n_chunks, chunk, TILE]
            total = products.sum(axis=0) if n_parts > 1 else products[0]
            columns = slice(share.start * TILE, share.stop * TILE)
            by_tile = total.reshape(len(total), -1, TILE)[:, : len(x)]  # -> [n_tiles, n_seq, TILE]
            out[:, columns].reshape(len(x), -1, TILE)[:] = by_tile.swapaxes(0, 1)
            if self._bias is not None:
                out[:, columns] += self._bias[columns]
            if member == members.size - 1:  # the columns that fill no tile
                self._plain(x, out, slice(n_tiles * TILE, self.n_out))

        members.run(work)


def is_small(weight: Array) -> bool:
    """Whether a product with these weights is done before it could be shared out."""
    return weight.size < _SMALL


def _tiled(weight: Array) -> Array:
    """`[n_in, n_out]` -> `[n_parts, n_tiles, n_in / n_parts, TILE]`; columns that fill no tile are left out.

    Long inputs are cut into parts, whose products are added, so that more rows go into one product.
    """
    n_in, n_tiles = weight.shape[0], weight.shape[1] // TILE
    n_parts = next(n for n in range(1, n_in + 1) if n_in % n == 0 and n_in // n <= _LONGEST_INPUT)
    if weight.T.flags.c_contiguous:  # the unembedding: its tiles are contiguous as they lie
        return weight.T[: n_tiles * TILE].reshape(n_tiles, TILE, n_parts, -1).transpose(2, 0, 3, 1)
    tiles = np.empty((n_parts, n_tiles, n_in // n_parts, TILE), np.float32)
    members = team()

    def work(member: int) -> None:
        share = members.share(n_tiles, member)
        columns = weight[:, share.start * TILE : share.stop * TILE]
        tiles[:, share] = columns.reshape(n_parts, n_in // n_parts, -1, TILE).swapaxes(1, 2)

    members.run(work)
    return tiles


def _in_chunks(x: Array, n_parts: int, part_in: int) -> Array:
    """Few rows in chunks that OpenBLAS does not pack for: -> `[n_parts, 1, n_chunks, chunk, part_in]`."""
    n_seq = len(x)
    most = n_seq if n_seq >= _MANY_ROWS else max(1, _UNPACKED // (part_in * TILE))
    n_chunks = -(-n_seq // most)
    chunk = max(2, -(-n_seq // n_chunks))  # one row alone would go to gemv, which is a third slower on tiles
    filled = np.zeros((n_parts, n_chunks * chunk, part_in), np.float32)  # the last chunk is filled up with zeros
    filled[:, :n_seq] = x.reshape(n_seq, n_parts, part_in).swapaxes(0, 1)
    return filled.reshape(n_parts, 1, n_chunks, chunk, part_in)
