"""The learning rate by the tokens seen: a warm-up, a constant phase without a fixed end, and a cool-down.

A run can end at any time, because the length of the cool-down is a share of the tokens seen (Hägele et al. 2024).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Token counts of the warm-up and of the longest constant phase, and the cool-down's share of all tokens."""

    warm_up: int = 300_000
    longest: int = 100_000_000
    cool_down_share: float = 0.2

    def end(self, cooling_from: int | None) -> int:
        """The number of tokens at which the run ends."""
        return self.longest if cooling_from is None else round(cooling_from / (1 - self.cool_down_share))

    def factor(self, tokens: int, cooling_from: int | None) -> float:
        """The fraction of the peak learning rate; in the cool-down it falls as one minus a square root."""
        if tokens < self.warm_up:
            return (tokens + 1) / self.warm_up
        if cooling_from is None or tokens < cooling_from:
            return 1.0
        done = (tokens - cooling_from) / (self.end(cooling_from) - cooling_from)
        return float(max(0.0, 1 - done**0.5))
