"""The one kind of error that the backend raises."""

from __future__ import annotations


class ModelError(ValueError):
    """A checkpoint, a model text or an argument is not what GPT-2 needs; the message is one line for a person."""
