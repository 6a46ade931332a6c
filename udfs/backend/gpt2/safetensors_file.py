"""A safetensors file, mapped into memory: its table of contents, and tensors read whole or by the row."""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.backend import bounded_json
from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError

DTYPES = ("F32", "F16", "BF16")
_MOST_HEADER_BYTES = 2**24  # of a table of contents; GPT-2 XL's has 60,000


class Entry(NamedTuple):
    """Where one tensor is in the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


class MappedFile:
    """The bytes of a safetensors file. The system reads only the pages that are used."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def tensor(self, entry: Entry) -> Array:
        """A whole tensor, read-only: float32 as stored, half precision converted."""
        return _as_float32(self.raw(entry), entry.dtype).reshape(entry.shape)

    def rows(self, entry: Entry, indices: Sequence[int]) -> Array:
        """Some rows of a matrix, `[len(indices), columns]`; the others are not read."""
        return _as_float32(self.raw(entry).reshape(entry.shape[0], -1)[list(indices)], entry.dtype)

    def column(self, entry: Entry, index: int) -> Array:
        """One column of a matrix, `[rows]`; only the pages that hold it are read."""
        cells = self.raw(entry).reshape(*entry.shape, -1)  # -> [rows, columns, bytes of a number]
        return _as_float32(cells[:, index].ravel(), entry.dtype)

    def raw(self, entry: Entry) -> NDArray[np.uint8]:
        """The bytes of a tensor, as stored."""
        return np.frombuffer(self._mapped, np.uint8, entry.stop - entry.start, entry.start)

    def release(self, entry: Entry) -> None:
        """Frees the memory of a tensor's pages, if the system supports that."""
        if hasattr(mmap, "MADV_DONTNEED"):
            start = -(-entry.start // mmap.PAGESIZE) * mmap.PAGESIZE
            length = entry.stop // mmap.PAGESIZE * mmap.PAGESIZE - start
            if length > 0:
                self._mapped.madvise(mmap.MADV_DONTNEED, start, length)


def read_entries(path: Path) -> dict[str, Entry]:
    """The table of contents of a file. Raises ModelError if the file is cut short or damaged."""
    from safetensors import SafetensorError, safe_open  # imported when needed, so that `import udfs` is quick

    entries = _read_header(path)
    size = path.stat().st_size
    for name, entry in entries.items():
        if entry.stop > size:
            raise ModelError(f"{name} is cut short: it ends at byte {entry.stop}, {path.name} has {size}")
    try:  # the package's own checks: overlaps, gaps, sizes that do not fit shapes
        with safe_open(path, framework="np"):
            pass
    except SafetensorError as error:
        raise ModelError(f"{path.name} is damaged: {error}") from None
    return entries


def check_entry(entries: Mapping[str, Entry], name: str, shape: tuple[int, ...]) -> None:
    """Raises ModelError if a tensor has another shape or a type that cannot be read."""
    if entries[name].shape != shape:
        raise ModelError(f"{name} must have shape {_dims(shape)}, not {_dims(entries[name].shape)}")
    if entries[name].dtype not in DTYPES:
        raise ModelError(f"{name} must be of type {', '.join(DTYPES)}, not {entries[name].dtype}")


def _read_header(path: Path) -> dict[str, Entry]:
    """The table of contents (https://huggingface.co/docs/safetensors: length, JSON, then the data)."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > min(path.stat().st_size, _MOST_HEADER_BYTES):
                raise ModelError(f"{path.name} is cut short or not a safetensors file")
            header: dict[str, Any] = bounded_json.loads(file.read(length))
        base = 8 + length
        return {
            name: Entry(
                entry["dtype"],
                tuple(entry["shape"]),
                base + entry["data_offsets"][0],
                base + entry["data_offsets"][1],
            )
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path.name} is not a safetensors file") from None


def _as_float32(raw: NDArray[np.uint8], dtype: str) -> Array:
    if dtype == "F32":
        array: Array = raw.view("<f4")
    elif dtype == "F16":
        array = raw.view("<f2").astype(np.float32)
    else:  # a bfloat16 is the upper half of a float32
        array = (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
    array.setflags(write=False)
    return array


def _dims(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
