"""What is being downloaded on this machine, read from the files that arrive: any process can say so."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from udfs.backend.folders import models_folder

_STOPPED_AFTER = 60.0  # seconds without a new byte
_MAX_HEADER = 100_000_000  # bytes; what safetensors itself allows


@dataclass(frozen=True)
class Download:
    """A file that has not wholly come: of which model, its bytes so far, all its bytes where its header has come."""

    model: str
    done: int
    total: int | None
    is_moving: bool


def downloads() -> list[Download]:
    """Every download that was begun and not finished."""
    found = []
    for folder in sorted(models_folder().rglob("*.incomplete")):
        for part in sorted(folder.rglob("*.safetensors.*.part")):
            try:
                stat, total = part.stat(), _total(part)
            except OSError:  # it has just become whole
                continue
            is_moving = time.time() - stat.st_mtime < _STOPPED_AFTER
            found.append(Download(folder.name.removesuffix(".incomplete"), stat.st_size, total, is_moving))
    return found


def _total(part: Path) -> int | None:
    """The size of a safetensors file, from its header: 8 bytes that give the header's length, then JSON."""
    with part.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if 0 < length <= _MAX_HEADER else b""
    if not header or len(header) < length:
        return None
    try:
        entries = json.loads(header)
        ends = [int(entry["data_offsets"][1]) for name, entry in entries.items() if name != "__metadata__"]
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None
    return 8 + length + max(ends, default=0)
