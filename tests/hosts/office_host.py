"""The Office add-in as a host: calls and rows travel as JSON over HTTPS, to and from a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from tests.addin.office.running import running

Call: TypeAlias = Callable[[str, Sequence[Any]], list[list[Any]]]


@contextmanager
def calls() -> Iterator[Call]:
    """Calls functions through the server: (name such as `GPT2_BLOCK`, raw arguments) -> the rows that Excel would show.

    A wrong argument gives one cell with an error line.
    """
    with TemporaryDirectory() as folder, running(Path(folder)) as server:
        yield server.rows
