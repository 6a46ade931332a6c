"""Stamps: values that change when files do, so that what was read from them is read again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = tuple[tuple[str, int, int], ...]
"""Name or path, size, and time of the last change of each file."""

_TICK = 20_000_000  # nanoseconds; file systems note the time of a change in steps of up to 10 ms


def stamp_of(paths: Iterable[str | Path]) -> Stamp:
    """The stamp of those of these files that exist. Quick, because every call of a function needs it."""
    found = []
    for path in paths:
        with suppress(OSError):
            found.append((str(path), *size_and_time(os.stat(path))))
    return tuple(found)


def size_and_time(stat: os.stat_result) -> tuple[int, int]:
    """A file's size and the time of its last change.

    If that was a moment ago, waits until another change would get another time. Otherwise a file written twice within
    one step of the file system's clock would keep its stamp.
    """
    age = time.time_ns() - stat.st_mtime_ns
    if 0 <= age < _TICK:
        time.sleep((_TICK - age) / 1e9)
    return stat.st_size, stat.st_mtime_ns
