"""The one kind of error that the backend raises."""

from __future__ import annotations


class ModelError(ValueError):
    """A checkpoint, a model text or an argument does not fit GPT-2. The message is one line for the user."""
