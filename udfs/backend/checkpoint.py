"""A checkpoint in the Hugging Face layout: `config.json` and `model.safetensors`, mapped into memory."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from udfs.backend.arrays import Array
from udfs.backend.config import Config, read_config
from udfs.backend.errors import ModelError

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"

_DTYPES = ("F32", "F16", "BF16")
_MASK_BUFFERS = (".attn.bias", ".attn.masked_bias")  # causal masks that old versions of transformers saved


class Tensors(Mapping[str, Array]):
    """Tensors by their checkpoint names, each read when it is first asked for, and read-only."""

    def __init__(self, readers: Mapping[str, Callable[[], Array]]) -> None:
        self._readers = readers

    def __getitem__(self, name: str) -> Array:
        return self._readers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)

    def with_changes(self, changes: Mapping[str, Array]) -> Tensors:
        """These tensors with some replaced; all others are shared, not copied."""
        return Tensors({**self._readers, **{name: partial(_same, array) for name, array in changes.items()}})


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


def _open_tensors(path: Path, config: Config) -> dict[str, Callable[[], Array]]:
    entries = _read_header(path)
    _check_whole(path, entries)
    entries = {
        name.removeprefix("transformer."): entry for name, entry in entries.items() if not name.endswith(_MASK_BUFFERS)
    }
    head = entries.pop("lm_head.weight", None)
    _check_shapes(entries, config)
    mapped = np.memmap(path, np.uint8, "r")
    if head is not None:
        _check_tied(mapped, head, entries["wte.weight"])
    return {name: cache(partial(_read_tensor, mapped, entries[name])) for name in config.shapes()}


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


def _check_tied(mapped: np.memmap[Any, np.dtype[np.uint8]], head: _Entry, wte: _Entry) -> None:
    same_type = (head.dtype, head.shape) == (wte.dtype, wte.shape)
    if not same_type or not np.array_equal(mapped[head.start : head.stop], mapped[wte.start : wte.stop]):
        raise ModelError("lm_head.weight must equal wte.weight: GPT-2 unembeds with its token embedding")


def _read_tensor(mapped: np.memmap[Any, np.dtype[np.uint8]], entry: _Entry) -> Array:
    raw = mapped[entry.start : entry.stop].view(np.ndarray)
    count = math.prod(entry.shape)
    if entry.dtype == "F32":
        array: Array = np.frombuffer(raw, "<f4", count)
    elif entry.dtype == "F16":
        array = np.frombuffer(raw, "<f2", count).astype(np.float32)
    else:  # a bfloat16 is the upper half of a float32
        array = (np.frombuffer(raw, "<u2", count).astype(np.uint32) << 16).view(np.float32)
    array.setflags(write=False)
    return array.reshape(entry.shape)


def _same(array: Array) -> Array:
    return array


def _dims(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
