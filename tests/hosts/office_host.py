"""The Office add-in as a host: each call goes as JSON over HTTPS to a real server, and its rows come back that way."""

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
    """A callable that takes a function's name, such as `GPT2_BLOCK`, and the raw values of its arguments, and gives
    the rows of cells that Excel would show; a wrong argument gives the one cell with its line."""
    with TemporaryDirectory() as folder, running(Path(folder)) as server:
        yield server.rows
