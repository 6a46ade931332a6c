"""A linear layer, `x @ W + b`, on all cores, with `W` as in the checkpoint: `[n_in, n_out]`."""

from __future__ import annotations

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.blas import has_blas, product
from udfs.backend.fast.threads import in_shares

_WORTH_SHARING = 1_500_000  # multiplications; fewer are done before another thread has woken up


class Linear:
    """`[..., n_in]` -> `[..., n_out]`, for a weight `[n_in, n_out]` and a bias `[n_out]` or none."""

    def __init__(self, weight: Array, bias: Array | None = None) -> None:
        self._weight, self._bias = weight, bias

    def __call__(self, x: Array) -> Array:
        rows = x.reshape(-1, x.shape[-1])
        out = self._product(rows)
        if self._bias is not None:
            out += self._bias
        return out.reshape(*x.shape[:-1], -1)

    def _product(self, x: Array) -> Array:
        n_in, n_out = self._weight.shape
        if len(x) * n_in * n_out < _WORTH_SHARING or not has_blas():
            return product(x, self._weight)
        if self._by_rows(len(x)):
            first, *others = in_shares(n_in, lambda rows: x[:, rows] @ self._weight[rows])
            return sum(others, first)
        out: Array = np.empty((len(x), n_out), x.dtype)
        in_shares(n_out, lambda columns: np.matmul(x, self._weight[:, columns], out=out[:, columns]))
        return out

    def _by_rows(self, n_rows: int) -> bool:
        """Whether threads share the rows of W and add their products, or share its columns."""
        n_in, n_out = self._weight.shape
        if n_rows == 1:  # takes as long as reading W, which is fastest in contiguous shares
            return self._weight.flags.c_contiguous  # false for the unembedding, a transposed matrix
        return n_in > n_out
