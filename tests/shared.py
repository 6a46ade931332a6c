"""Files that are made once for a whole test run, however many processes it has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock


class Shared(NamedTuple):
    """A folder that all processes of a test run see."""

    folder: Path

    def once(self, name: str, make: Callable[[Path], object]) -> Path:
        """The file of that name. The first process that needs it makes it; the others wait."""
        file = self.folder / name
        with FileLock(f"{file}.lock"):
            if not file.exists():
                partial = file.with_stem(f"{file.stem} partial")
                make(partial)
                partial.rename(file)
        return file
