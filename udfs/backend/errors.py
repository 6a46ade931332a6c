"""The one kind of error that the backend raises, and how its messages quote what was given."""

from __future__ import annotations

_MOST_QUOTED = 60  # characters


class ModelError(ValueError):
    """A checkpoint, a model text or an argument does not fit GPT-2. The message is one line for the user."""


def quoted(value: object) -> str:
    """A value as a message quotes it: Python's `repr`, cut to some 60 characters."""
    shown = repr(value[: _MOST_QUOTED + 1] if isinstance(value, (str, list, tuple)) else value)
    return shown if len(shown) <= _MOST_QUOTED else f"{shown[:_MOST_QUOTED]}..."
