"""Errors as cells show them: one line of text behind a mark."""

from __future__ import annotations

from udfs.backend import system

# A cell shows an error as a text that begins with this mark. A function that is given such a text raises the same error
# again, so that the first cause reaches the last cell.
ERROR_MARK = "#GPT2! "


class CellError(ValueError):
    """A wrong argument. The message is one line that names the argument, what came, and what is allowed."""


def marked(message: str) -> str:
    """The text that a cell shows for an error message."""
    return ERROR_MARK + " ".join(message.removeprefix(ERROR_MARK).splitlines())


def bug_line(name: str, error: Exception) -> str:
    """What a cell shows for an exception that is not the user's mistake: its type, but no traceback."""
    where = "Python's output shows where" if system.IN_BROWSER else "gpt2-excel doctor names the log"
    return f"{name} failed: {type(error).__name__} (a bug; {where})"
