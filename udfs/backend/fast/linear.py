"""Linear layers, `x @ W + b`, whose work a team of threads shares.

Two ways to share it: by columns of `W`, each thread making some of the outputs; and by rows, where `x` itself is made
in shares, each thread multiplying its own at once, and the products are added. A layer shared by columns and one shared
by rows after it make up attention or an MLP with a single handing over of work (Shoeybi et al. 2019, Megatron-LM).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import lcm

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.team import team

TILE = 64  # columns: one head of every published GPT-2
_PLAIN_WORTH_SHARING = 1_500_000  # multiplications: fewer are done before a helper has woken up
_SHARES_WORTH_SHARING = 1_000_000  # of the second product


class Linear(ABC):
    """`x @ weight + bias`: `[n_seq, n_in]` -> `[n_seq, n_out]`, for a weight `[n_in, n_out]` and a bias `[n_out]`."""

    def __init__(self, n_in: int, n_out: int, bias: Array | None) -> None:
        self.n_in, self.n_out, self.bias = n_in, n_out, bias

    @abstractmethod
    def __call__(self, x: Array) -> Array: ...

    @abstractmethod
    def columns(self, x: Array, columns: slice, groups: int = 1) -> Array:
        """Some outputs only, of each of as many groups of equal size: -> `[n_seq, groups * n_columns]`."""

    @abstractmethod
    def rows(self, x: Array, rows: slice) -> Array:
        """What some inputs `[n_seq, n_rows]` contribute to the outputs, without the bias: -> `[n_seq, n_out]`."""

    def of_shares(self, share: Callable[[slice], Array], n_seq: int, unit: int = 1, whole: bool = False) -> Array:
        """`x @ weight + bias` for an `x` of which `share(columns)` makes some columns, a whole number of units.

        With `whole` it is asked for all of them at once.
        """
        unit = lcm(unit, TILE)
        if whole or n_seq * self.n_in * self.n_out < _SHARES_WORTH_SHARING or self.n_in % unit:
            return self(share(slice(0, self.n_in)))

        def product(units: slice) -> Array:
            columns = slice(units.start * unit, units.stop * unit)
            return self.rows(share(columns), columns)

        out = team().sum(self.n_in // unit, product)
        if self.bias is not None:
            out += self.bias
        return out


class Plain(Linear):
    """A linear layer whose weights lie as in the checkpoint."""

    def __init__(self, weight: Array, bias: Array | None) -> None:
        super().__init__(weight.shape[0], weight.shape[1], bias)
        self._weight = weight

    def __call__(self, x: Array) -> Array:
        if len(x) * self._weight.size < _PLAIN_WORTH_SHARING:
            out: Array = x @ self._weight
        elif self.n_in <= self.n_out:
            out = self._by_columns(x)
        else:
            out = team().sum(self.n_in, lambda rows: self.rows(x[:, rows], rows))  # each part lies in one piece
        if self.bias is not None:
            out += self.bias
        return out

    def columns(self, x: Array, columns: slice, groups: int = 1) -> Array:
        if groups * (columns.stop - columns.start) == self.n_out:
            return self(x)
        shape = (len(x), groups, columns.stop - columns.start)
        out = np.empty(shape, x.dtype)
        weights = self._weight.reshape(self.n_in, groups, -1)[:, :, columns]
        for group in range(groups):
            np.matmul(x, weights[:, group], out=out[:, group])
        if self.bias is not None:
            out += self.bias.reshape(groups, -1)[:, columns]
        return out.reshape(len(x), -1)

    def rows(self, x: Array, rows: slice) -> Array:
        return x @ self._weight[rows]

    def _by_columns(self, x: Array) -> Array:
        out: Array = np.empty((len(x), self.n_out), x.dtype)
        one_row_by_columns = len(x) == 1 and self._weight.T.flags.c_contiguous  # the unembedding of one token

        def multiply(columns: slice) -> None:
            if one_row_by_columns:  # numpy's own loop reads a third faster than BLAS
                np.einsum("ni,oi->no", x, self._weight.T[columns], out=out[:, columns])
            else:
                np.matmul(x, self._weight[:, columns], out=out[:, columns])

        team().share_out(self.n_out, multiply)
        return out
