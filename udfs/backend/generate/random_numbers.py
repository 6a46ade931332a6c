"""Random numbers that are the same in every host, on every machine and with every version of numpy."""

from __future__ import annotations

import numpy as np

DEFAULT_SEED = 0
MAX_SEED = 999_999


class RandomNumbers:
    """Numbers from 0 to below 1, all of them fixed by a seed: calling it gives the next one.

    PCG64 (O'Neill 2014), seeded by numpy's `SeedSequence`. Both are guaranteed to stay as they are (NEP 19), while the
    methods of `numpy.random.Generator` are not; so the upper 53 bits of each 64 are made into a number here.
    """

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        self._bits = np.random.PCG64(seed)

    def __call__(self) -> float:
        return (int(self._bits.random_raw()) >> 11) * 2.0**-53
