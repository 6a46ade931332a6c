"""Whether things came up as often as their probabilities say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

_FEWEST = 5  # expected in a cell; the rarer ones are counted together


def chance(counts: Sequence[int], probabilities: Sequence[float] | np.ndarray[Any, Any]) -> float:
    """The chance of counts that are at least as far from the expected ones, by Pearson's chi-squared test.

    0 where something came up that cannot.
    """
    observed, expected = np.asarray(counts, float), np.asarray(probabilities) * np.sum(counts)
    if observed[expected == 0].any():
        return 0.0
    often = expected >= _FEWEST
    cells = [
        (observed[often], expected[often]),
        (observed[~often].sum(keepdims=True), expected[~often].sum(keepdims=True)),
    ]
    cells = [cell for cell in cells if cell[1].sum() > 0]
    return float(stats.chisquare(*(np.concatenate(part) for part in zip(*cells, strict=True))).pvalue)
