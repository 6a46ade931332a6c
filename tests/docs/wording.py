"""How the guide writes figures, lists and quoted texts."""

from __future__ import annotations

from typing import Any


def percent(share: Any) -> str:
    """A probability, never rounded to 0 or 100 percent."""
    if share < 0.001:
        return "less than 0.1%"
    return "more than 99.9%" if 0.9995 <= share < 1 else f"{share:.1%}".replace(".0%", "%")


def listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def sentence(text: str) -> str:
    """A text that may have been cut, with dots where it was."""
    return text if text.endswith((".", "!", "?")) else f"{text} ..."
