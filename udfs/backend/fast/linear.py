"""A linear layer, `x @ W + b`, on all cores, with `W` as in the checkpoint: `[n_in, n_out]`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.blas import has_blas, product
from udfs.backend.fast.threads import in_shares

TILE = 64  # columns, those of one head of every published GPT-2; shares begin at its multiples, for `tiles.py`
_WORTH_SHARING = 1_500_000  # multiplications; fewer are done before another thread has woken up


class Linear:
    """`[..., n_in]` -> `[..., n_out]`, for a weight `[n_in, n_out]` and a bias `[n_out]` or none."""

    def __init__(self, weight: Array, bias: Array | None = None) -> None:
        self._weight, self._bias = weight, bias

    def __call__(self, x: Array) -> Array:
        rows = x.reshape(-1, x.shape[-1])
        return self._all(rows).reshape(*x.shape[:-1], -1)

    def columns(self, x: Array, columns: slice, out: Array | None = None) -> Array:
        """Some of the outputs: `[n_rows, n_in]` -> `[n_rows, n_columns]`."""
        out = product(x, self._weight[:, columns], out)
        if self._bias is not None:
            out += self._bias[columns]
        return out

    def rows(self, x: Array, rows: slice) -> Array:
        """What some of the inputs, `[n_rows, n_inputs]`, add to the outputs, without the bias: `[n_rows, n_out]`."""
        return product(x, self._weight[rows])

    def total(self, parts: Sequence[Array]) -> Array:
        """The outputs, given what `rows` returned for all of the inputs."""
        out = sum(parts[1:], parts[0])
        if self._bias is not None:
            out += self._bias
        return out

    def is_worth_sharing(self, n_rows: int) -> bool:
        """Whether several threads are faster than one."""
        return n_rows * self._weight.size >= _WORTH_SHARING and has_blas()

    def _all(self, x: Array) -> Array:
        n_in, n_out = self._weight.shape
        if not self.is_worth_sharing(len(x)):
            return self.columns(x, slice(0, n_out))
        if self._by_rows(len(x)):
            return self.total(in_shares(n_in, lambda rows: self.rows(x[:, rows], rows)))
        out: Array = np.empty((len(x), n_out), x.dtype)
        in_shares(n_out, lambda columns: self.columns(x, columns, out[:, columns]), TILE)
        return out

    def _by_rows(self, n_rows: int) -> bool:
        """Whether threads share the rows of W and add their products, or share its columns."""
        n_in, n_out = self._weight.shape
        if n_rows == 1:  # takes as long as reading W, which is fastest in contiguous shares
            return self._weight.flags.c_contiguous  # false for the unembedding, a transposed matrix
        return n_in > n_out
