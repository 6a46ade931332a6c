"""How the command line prints numbers."""

from __future__ import annotations

import pytest

from addin.commands.console import percent


@pytest.mark.parametrize(
    ("probability", "shown"),
    [
        *((0, "0.0%"), (0.0004, "<0.1%"), (0.0006, "0.1%"), (0.817, "81.7%")),
        *((0.9994, "99.9%"), (0.9996, ">99.9%"), (1, "100.0%")),
    ],
)
def test_a_probability_is_never_rounded_to_0_or_100_percent(probability: float, shown: str) -> None:
    assert percent(probability) == shown
