from __future__ import annotations

import numpy as np

from udfs.backend.generate.random_numbers import DEFAULT_SEED, RandomNumbers


def test_the_numbers_of_a_seed_never_change() -> None:
    """Recorded once: another algorithm, or another way to seed it, would give other texts for old seeds."""
    numbers = RandomNumbers(0)
    assert [numbers() for _ in range(3)] == [0.6369616873214543, 0.2697867137638703, 0.04097352393619469]
    assert RandomNumbers(999_999)() == np.random.Generator(np.random.PCG64(999_999)).random()


def test_no_seed_is_the_default_seed() -> None:
    assert RandomNumbers()() == RandomNumbers(DEFAULT_SEED)()
    assert RandomNumbers(1)() != RandomNumbers(2)()


def test_they_lie_from_0_to_below_1_evenly() -> None:
    numbers = RandomNumbers(5)
    drawn = np.array([numbers() for _ in range(20_000)])
    assert 0 <= drawn.min() < drawn.max() < 1
    counts = np.histogram(drawn, bins=20, range=(0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8  # chi-squared with 19 degrees of freedom: 1 in 1,000
