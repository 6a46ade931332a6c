"""A linear layer with many equal outputs, which are computed once.

The bundled demo model has GPT-2's vocabulary, but its texts have few of the tokens. All others share one embedding, so
they also share one logit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.fast.linear import Linear

_MOST_DIFFERENT = 0.5  # of all columns; with more, the outputs are not worth the copies


class RepeatedLinear(Linear):
    """Computes the different outputs with a layer, and copies each to its places: `[..., n_in]` -> `[..., n_out]`."""

    def __init__(self, weight: Array, different: Linear, places: NDArray[np.intp]) -> None:
        super().__init__(weight)
        self._different, self._places = different, places

    def __call__(self, x: Array) -> Array:
        return self._different(x).take(self._places, axis=-1)


def different_columns(weight: Array) -> tuple[Array, NDArray[np.intp]] | None:
    """The different columns of a weight `[n_in, n_out]`, and for each of its columns the place among these.

    None if more than half of the columns differ.
    """
    rows = weight.T
    most = _MOST_DIFFERENT * len(rows)
    if len(np.unique(rows[:, 0] + 1j * rows[:, -1])) > most:  # quicker than to look at whole columns
        return None
    place_of: dict[bytes, int] = {}
    places = np.array([place_of.setdefault(row.tobytes(), len(place_of)) for row in rows])
    if len(place_of) > most:
        return None
    _, first = np.unique(places, return_index=True)
    return rows[first].T, places
