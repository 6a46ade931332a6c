"""A test that counts agree with probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_FEWEST = 5  # expected count of a class; rarer outcomes are counted as one class


def chance(counts: Sequence[int], probabilities: Sequence[float] | np.ndarray[Any, Any]) -> float:
    """The p-value of the counts by Pearson's chi-squared test.

    0 if an outcome of probability 0 came up.
    """
    from scipy import special  # imported here, so that only a process that runs such a test waits for it

    observed, expected = np.asarray(counts, float), np.asarray(probabilities) * np.sum(counts)
    if observed[expected == 0].any():
        return 0.0
    often = expected >= _FEWEST
    cells = [
        (observed[often], expected[often]),
        (observed[~often].sum(keepdims=True), expected[~often].sum(keepdims=True)),
    ]
    cells = [cell for cell in cells if cell[1].sum() > 0]
    counted, wanted = (np.concatenate(part) for part in zip(*cells, strict=True))
    assert np.isclose(counted.sum(), wanted.sum(), rtol=1e-8), "the probabilities must sum to 1"
    return float(special.chdtrc(len(counted) - 1, ((counted - wanted) ** 2 / wanted).sum()))
