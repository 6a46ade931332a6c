"""A checkpoint in the Hugging Face layout: `config.json` and `model.safetensors`, mapped into memory."""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from udfs.backend.arrays import Array
from udfs.backend.config import Config, read_config
from udfs.backend.errors import ModelError

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"

_DTYPES = ("F32", "F16", "BF16")
_MASK_BUFFERS = (".attn.bias", ".attn.masked_bias")  # causal masks that old versions of transformers saved


class Reader(Protocol):
    """Where one tensor comes from."""

    def __call__(self) -> Array: ...
    def release(self) -> None: ...


class Tensors(Mapping[str, Array]):
    """Tensors by their checkpoint names, each read when it is first asked for, and read-only."""

    def __init__(self, readers: Mapping[str, Reader]) -> None:
        self._readers = readers

    def __getitem__(self, name: str) -> Array:
        return self._readers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)

    def release(self, name: str) -> None:
        """Says that a tensor need not stay in memory for now; it can still be read, from the disk again."""
        self._readers[name].release()

    def shares(self, name: str, other: Tensors) -> bool:
        """Whether the other's tensor of that name is the same one, not only an equal one."""
        return self._readers[name] is other._readers[name]

    def with_changes(self, changes: Mapping[str, Array]) -> Tensors:
        """These tensors with some replaced; all others are shared, not copied."""
        return Tensors({**self._readers, **{name: _Edited(array) for name, array in changes.items()}})


class _Edited:
    """A tensor that exists in memory only."""

    def __init__(self, array: Array) -> None:
        self._array = array
        array.setflags(write=False)

    def __call__(self) -> Array:
        return self._array

    def release(self) -> None:
        """Nothing: there is no other copy."""


@dataclass(frozen=True)
class Checkpoint:
    """The weights of one model as they lie on disk."""

    config: Config
    tensors: Tensors
    path: Path


def open_checkpoint(folder: Path) -> Checkpoint:
    """The checkpoint in a folder, its weights mapped and not yet read.

    Tensor names may carry the prefix `transformer.`; float32 is mapped as it is, float16 and bfloat16 become
    float32 when first read. Raises ModelError that names what is missing, extra, mis-shaped or cut short.
    """
    config = read_config(folder / CONFIG_FILE)
    path = folder / WEIGHTS_FILE
    return Checkpoint(config, Tensors(_open_tensors(path, config)), path)


@dataclass(frozen=True)
class _Entry:
    """Where one tensor lies in a safetensors file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def _open_tensors(path: Path, config: Config) -> dict[str, Reader]:
    entries = _read_header(path)
    _check_whole(path, entries)
    entries = {
        name.removeprefix("transformer."): entry for name, entry in entries.items() if not name.endswith(_MASK_BUFFERS)
    }
    head = entries.pop("lm_head.weight", None)
    _check_shapes(entries, config)
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if head is not None:
        _check_tied(mapped, head, entries["wte.weight"])
    return {name: _Stored(mapped, entries[name]) for name in config.shapes()}


def _read_header(path: Path) -> dict[str, _Entry]:
    """The table of contents (https://huggingface.co/docs/safetensors: length, JSON, then the data)."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > path.stat().st_size:
                raise ModelError(f"{path.name} is cut short or no safetensors file")
            header: dict[str, Any] = json.loads(file.read(length))
        base = 8 + length
        return {
            name: _Entry(
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


def _check_whole(path: Path, entries: Mapping[str, _Entry]) -> None:
    size = path.stat().st_size
    for name, entry in entries.items():
        if entry.stop > size:
            raise ModelError(f"{name} is cut short: it ends at byte {entry.stop}, {path.name} has {size}")
    try:  # the package's own checks: overlaps, gaps, sizes that do not fit shapes
        with safe_open(path, framework="np"):
            pass
    except SafetensorError as error:
        raise ModelError(f"{path.name} is damaged: {error}") from None


def _check_shapes(entries: Mapping[str, _Entry], config: Config) -> None:
    shapes = config.shapes()
    for name, shape in shapes.items():
        if name not in entries:
            raise ModelError(f"{name} is missing from the checkpoint")
        if entries[name].shape != shape:
            raise ModelError(f"{name} must have shape {_dims(shape)}, not {_dims(entries[name].shape)}")
        if entries[name].dtype not in _DTYPES:
            raise ModelError(f"{name} must be of type {', '.join(_DTYPES)}, not {entries[name].dtype}")
    if extra := sorted(entries.keys() - shapes.keys()):
        raise ModelError(f"{extra[0]} is not a tensor of GPT-2 with {config.n_layer} layers")


def _check_tied(mapped: mmap.mmap, head: _Entry, wte: _Entry) -> None:
    same_type = (head.dtype, head.shape) == (wte.dtype, wte.shape)
    if not same_type or not np.array_equal(_bytes(mapped, head), _bytes(mapped, wte)):
        raise ModelError("lm_head.weight must equal wte.weight: GPT-2 unembeds with its token embedding")


class _Stored:
    """A tensor in a mapped file: float32 as it lies there, half precision converted when it is first read."""

    def __init__(self, mapped: mmap.mmap, entry: _Entry) -> None:
        self._mapped, self._entry = mapped, entry
        self._array: Array | None = None

    def __call__(self) -> Array:
        array = self._array
        if array is None:
            array = self._array = _as_float32(_bytes(self._mapped, self._entry), self._entry)
        return array

    def release(self) -> None:
        """Lets go of the converted copy, and of the pages of the file where the system can be told so."""
        self._array = None
        if hasattr(mmap, "MADV_DONTNEED"):
            start = -(-self._entry.start // mmap.PAGESIZE) * mmap.PAGESIZE
            length = self._entry.stop // mmap.PAGESIZE * mmap.PAGESIZE - start
            if length > 0:
                self._mapped.madvise(mmap.MADV_DONTNEED, start, length)


def _bytes(mapped: mmap.mmap, entry: _Entry) -> NDArray[np.uint8]:
    return np.frombuffer(mapped, np.uint8, entry.stop - entry.start, entry.start)


def _as_float32(raw: NDArray[np.uint8], entry: _Entry) -> Array:
    if entry.dtype == "F32":
        array: Array = raw.view("<f4")
    elif entry.dtype == "F16":
        array = raw.view("<f2").astype(np.float32)
    else:  # a bfloat16 is the upper half of a float32
        array = (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
    array.setflags(write=False)
    return array.reshape(entry.shape)


def _dims(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
