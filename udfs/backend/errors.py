"""The one kind of error that the backend raises, and how its messages quote what was given."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_QUOTED = 60  # characters


class ModelError(ValueError):
    """A checkpoint, a model text or an argument does not fit GPT-2. The message is one line for the user."""


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """`; did you mean gpt2?` if a known name is spelled nearly like the given one, otherwise nothing."""
    from difflib import get_close_matches  # imported when something is wrong, so that `import udfs` is quick

    names = {name.lower(): name for name in known}
    nearest = get_close_matches(given[:_MOST_QUOTED].strip().lower(), names, 1)
    return f"; did you mean {names[nearest[0]]}?" if nearest else ""


def quoted(value: object) -> str:
    """A value as a message quotes it: Python's `repr`, cut to some 60 characters."""
    shown = repr(value[: _MOST_QUOTED + 1] if isinstance(value, (str, list, tuple)) else value)
    return shown if len(shown) <= _MOST_QUOTED else f"{shown[:_MOST_QUOTED]}..."
