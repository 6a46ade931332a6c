"""A bug in a function, and what every host must do with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from udfs.cells import FUNCTIONS, CellFunction

# Code that a host in a separate process runs first.
BREAK_GELU = "from tests.broken_gelu import broken, FUNCTIONS; FUNCTIONS['GPT2_GELU'] = broken()"


def broken() -> CellFunction:
    """GPT2_GELU with a bug: it raises an exception that is not the user's mistake."""
    return replace(FUNCTIONS["GPT2_GELU"], function=_fail)


def _fail(x: object) -> None:
    raise KeyError("/secret/place")


@dataclass(frozen=True)
class BrokenGelu:
    """The text that a cell shows for the bug, and the check that the log has its traceback."""

    log: Path
    line: str = "GPT2_GELU failed: KeyError (a bug; gpt2-excel doctor names the log)"

    def is_logged(self) -> bool:
        """Whether the log has the traceback, down to the line that failed."""
        text = self.log.read_text(encoding="utf-8")
        return "GPT2_GELU failed" in text and "Traceback" in text and "/secret/place" in text
