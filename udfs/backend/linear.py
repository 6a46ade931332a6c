"""Linear layers, `x @ W + b`, laid out in memory for the machine that they run on.

OpenBLAS copies ("packs") the whole of `W` at each product, which for a prompt of a few tokens takes longer than the
product itself; only products of less than a million multiplications go without. So `W` may be kept as tiles of 64
columns, each contiguous, and multiplied tile by tile with few rows at a time. Whether that is faster is measured
(`layout.py`); where it is not, `W` stays as it is. Either way the columns are shared out among a team of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.team import team

TILE = 64  # columns: one head of every published GPT-2
_LONGEST_INPUT = 768  # of a tile, so that up to 20 rows go into a product without packing
_UNPACKED = 1_000_000  # multiplications of a product that OpenBLAS does without packing (100 * 100 * 100)
_MANY_ROWS = 48  # from here on packing is cheap beside the product
_TILES_WORTH_SHARING = 10_000_000  # multiplications: fewer are done before a helper has woken up
_PLAIN_WORTH_SHARING = 1_500_000


class Layout(NamedTuple):
    """How large layers lie in memory: as tiles or plain; and whether tiles take also many rows in chunks."""

    tiles: bool
    chunks: bool


# `x @ weight + bias`: `[n_seq, n_in]` -> `[n_seq, n_out]`, for a weight `[n_in, n_out]` and a bias `[n_out]`.
Linear: TypeAlias = Callable[[Array], Array]


class Plain:
    """A linear layer whose weights lie as in the checkpoint."""

    def __init__(self, weight: Array, bias: Array | None) -> None:
        self._weight, self._bias = weight, bias
        self.n_out = weight.shape[1]

    def __call__(self, x: Array) -> Array:
        if len(x) * self._weight.size < _PLAIN_WORTH_SHARING:
            out = x @ self._weight
        elif self._weight.shape[0] <= self.n_out:
            out = self._by_columns(x)
        else:
            out = self._by_rows(x)
        if self._bias is not None:
            out += self._bias
        return out

    def _by_columns(self, x: Array) -> Array:
        out = np.empty((len(x), self.n_out), np.float32)
        one_row_by_columns = len(x) == 1 and self._weight.T.flags.c_contiguous  # the unembedding of one token

        def multiply(columns: slice) -> None:
            if one_row_by_columns:  # numpy's own loop reads a third faster than BLAS
                np.einsum("ni,oi->no", x, self._weight.T[columns], out=out[:, columns])
            else:
                np.matmul(x, self._weight[:, columns], out=out[:, columns])

        team().share_out(self.n_out, multiply)
        return out

    def _by_rows(self, x: Array) -> Array:
        """A tall weight, cut so that each part lies in one piece; always the same parts, so that sums are the same."""
        n_in, n_parts = len(self._weight), team().size
        out = np.empty((n_parts, len(x), self.n_out), np.float32)

        def multiply(parts: slice) -> None:
            for part in range(n_parts)[parts]:
                rows = slice(n_in * part // n_parts, n_in * (part + 1) // n_parts)
                np.matmul(x[:, rows], self._weight[rows], out=out[part])

        team().share_out(n_parts, multiply)
        return out.sum(axis=0)


class Tiled:
    """A linear layer whose weights lie in tiles, as `tiled` makes them; `rest` are the columns that fill no tile."""

    def __init__(self, tiles: Array, rest: Array, bias: Array | None, *, chunks: bool) -> None:
        self._tiles, self._chunks = tiles, chunks
        self._rest = Plain(rest, None if bias is None else bias[len(tiles) * TILE :])
        self._bias = None if bias is None else bias[: len(tiles) * TILE].reshape(-1, TILE)

    def __call__(self, x: Array) -> Array:
        n_tiles, n_parts, part_in, _ = self._tiles.shape
        n_seq, n_tiled = len(x), n_tiles * TILE
        rows = self._in_chunks(x, n_parts, part_in)  # [n_seq, n_in] -> [n_parts, n_chunks, chunk, part_in]
        out = np.empty((n_seq, n_tiled + self._rest.n_out), np.float32)
        out_by_tile = out[:, :n_tiled].reshape(n_seq, n_tiles, TILE)

        def multiply(share: slice) -> None:
            products = np.matmul(rows, self._tiles[share, :, None])  # -> [n_tiles, n_parts, n_chunks, chunk, TILE]
            total = products.sum(axis=1) if n_parts > 1 else products
            total = total.reshape(len(products), rows.shape[1] * rows.shape[2], TILE)[:, :n_seq].swapaxes(0, 1)
            if self._bias is None:
                out_by_tile[:, share] = total
            else:
                np.add(total, self._bias[share], out=out_by_tile[:, share])

        if n_seq * self._tiles.size < _TILES_WORTH_SHARING:
            multiply(slice(0, n_tiles))
        else:
            team().share_out(n_tiles, multiply)
        if self._rest.n_out:
            out[:, n_tiled:] = self._rest(x)
        return out

    def _in_chunks(self, x: Array, n_parts: int, part_in: int) -> Array:
        """Rows in chunks that OpenBLAS does not pack for: -> `[n_parts, n_chunks, chunk, part_in]`."""
        n_seq = len(x)
        most = n_seq if n_seq >= _MANY_ROWS and not self._chunks else max(1, _UNPACKED // (part_in * TILE))
        n_chunks = -(-n_seq // most)
        chunk = max(2, -(-n_seq // n_chunks))  # one row alone would go to gemv, which is a third slower on tiles
        filled = np.zeros((n_parts, n_chunks * chunk, part_in), np.float32)  # the last chunk is filled up with zeros
        filled[:, :n_seq] = x.reshape(n_seq, n_parts, part_in).swapaxes(0, 1)
        return filled.reshape(n_parts, n_chunks, chunk, part_in)


def tiled(weight: Array) -> Array:
    """`[n_in, n_out]` -> `[n_tiles, n_parts, n_in / n_parts, TILE]`; columns that fill no tile are left out.

    Long inputs are cut into parts, whose products are added, so that more rows go into one product.
    """
    n_tiles, n_parts, part_in, _ = shape = tiles_shape(*weight.shape)
    tiles = np.empty(shape, np.float32)

    def work(share: slice) -> None:
        columns = weight[:, share.start * TILE : share.stop * TILE]
        tiles[share] = columns.reshape(n_parts, part_in, -1, TILE).transpose(2, 0, 1, 3)

    team().share_out(n_tiles, work)
    return tiles


def tiles_shape(n_in: int, n_out: int) -> tuple[int, int, int, int]:
    """The shape of the tiles of a weight `[n_in, n_out]`."""
    n_parts = next(n for n in range(1, n_in + 1) if n_in % n == 0 and n_in // n <= _LONGEST_INPUT)
    return n_out // TILE, n_parts, n_in // n_parts, TILE
