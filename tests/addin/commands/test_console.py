"""Bars, sizes and quoted tokens on the terminal."""

from __future__ import annotations

import pytest

from addin.commands.console import bar, quoted, size


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (" quickly", '" quickly"'),
        ("\n", r'"\n"'),
        ("\x1b[31m", r'"\x1b[31m"'),
        ("\u202e", r'"\u202e"'),
        ("\xa0", r'"\xa0"'),
        ("é", '"é"'),
    ],
)
def test_tokens_show_their_edges_and_cannot_control_the_terminal(token: str, shown: str) -> None:
    assert quoted(token) == shown


@pytest.mark.parametrize(
    ("share", "drawn"), [(0.0, ""), (1.0, "█" * 30), (0.5, "█" * 15), (1 / 240, "▏"), (239 / 240, "█" * 29 + "▉")]
)
def test_bars(share: float, drawn: str) -> None:
    assert bar(share) == drawn


def test_bars_of_plain_characters() -> None:
    assert bar(0.5, blocks=False) == "#" * 15


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0 bytes"), (999, "999 bytes"), (12_345_678, "12.3 MB"), (999_800, "1 MB"), (6_431_829_964, "6.43 GB")],
)
def test_sizes(number: int, shown: str) -> None:
    assert size(number) == shown
