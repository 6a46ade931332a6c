"""Errors that a user can fix. Each message is one line that says what is wrong and what to do about it."""

from __future__ import annotations


class AddinError(Exception):
    """A wrong value: an option, a file, or an error in a cell."""


class MissingError(AddinError):
    """This machine lacks something or cannot reach it: a model, a program, a package, the network."""
