"""A checkpoint in the Hugging Face layout: `config.json` and weights in safetensors files, mapped into memory.

The weights are one file, `model.safetensors` or `model.fp16.safetensors`, or several, which
`model.safetensors.index.json` lists. A `pytorch_model.bin` is never opened: unpickling it may run code.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from udfs.backend.arrays import FLOAT32, FLOAT64, Array, DType
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.config import Config, read_config
from udfs.backend.gpt2.json_files import read_object
from udfs.backend.gpt2.safetensors_file import Entry, MappedFile, check_entry, read_entries

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
HALF_PRECISION_FILE = "model.fp16.safetensors"

_HEAD = "lm_head.weight"
_MOST_INDEX_BYTES = 2**24
_MOST_SHARDS = 1_000

_MASK_BUFFERS = (".attn.bias", ".attn.masked_bias")  # causal masks that old versions of transformers saved


class Reader(Protocol):
    """Where one tensor comes from."""

    def __call__(self) -> Array: ...
    def rows(self, indices: Sequence[int]) -> Array: ...
    def release(self) -> None: ...


class Tensors(Mapping[str, Array]):
    """Tensors of one type by their checkpoint names, each read when it is first asked for, and read-only."""

    def __init__(self, readers: Mapping[str, Reader], dtype: DType = FLOAT32) -> None:
        self._readers = readers
        self.dtype = dtype

    def __getitem__(self, name: str) -> Array:
        return self._readers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)

    def rows(self, name: str, indices: Sequence[int]) -> Array:
        """Some rows of a matrix. From a file, only these rows are read."""
        return self._readers[name].rows(indices)

    def release(self, name: str) -> None:
        """Frees a tensor's memory. It can still be read again from the disk."""
        self._readers[name].release()

    def shares(self, name: str, other: Tensors) -> bool:
        """Whether both have the same tensor of that name, and not merely an equal one."""
        return self._readers[name] is other._readers[name]

    def with_changes(self, changes: Mapping[str, Array]) -> Tensors:
        """These tensors with some replaced; all others are shared, not copied."""
        edited = {name: _Edited(array) for name, array in changes.items()}
        return Tensors({**self._readers, **edited}, self.dtype)

    def in_float64(self) -> Tensors:
        """The same numbers in float64, each tensor converted when it is first asked for."""
        return Tensors({name: _InFloat64(reader) for name, reader in self._readers.items()}, FLOAT64)


class _Edited:
    """A tensor that exists in memory only."""

    def __init__(self, array: Array) -> None:
        self._array = array
        array.setflags(write=False)

    def __call__(self) -> Array:
        return self._array

    def rows(self, indices: Sequence[int]) -> Array:
        return self._array[list(indices)]

    def release(self) -> None:
        """Does nothing, because there is no other copy."""


@dataclass(frozen=True)
class Checkpoint:
    """The weights of one model on disk. `n_bytes` is the size of their files."""

    config: Config
    tensors: Tensors
    n_bytes: int


def weights_or_index(folder: Path) -> Path | None:
    """The file with the weights, or with the list of their files; None if the folder has neither."""
    found = (folder / name for name in (WEIGHTS_FILE, INDEX_FILE, HALF_PRECISION_FILE))
    return next((path for path in found if os.path.isfile(path)), None)


def open_checkpoint(folder: Path) -> Checkpoint:
    """The checkpoint in a folder, its weights mapped and not yet read.

    Tensor names may carry the prefix `transformer.`; float32 is mapped as it is, float16 and bfloat16 become
    float32 when first read. Raises a ModelError that names what is missing, extra, of another shape or cut short.
    """
    config = read_config(folder / CONFIG_FILE)
    files = weights_files(folder)
    found = _find_tensors(files)
    if config.tied:
        config = _settle_unembedding(found, config)
    _check_shapes({name: stored.entry for name, stored in found.items()}, config)
    n_bytes = sum(path.stat().st_size for path in files)
    return Checkpoint(config, Tensors({name: found[name] for name in config.shapes()}), n_bytes)


def weights_files(folder: Path) -> list[Path]:
    """The files with the weights. Raises ModelError if the folder has none, or a list that names other folders."""
    path = weights_or_index(folder)
    if path is None:
        raise ModelError(f"{folder.name} has no {WEIGHTS_FILE}")
    if path.name != INDEX_FILE:
        return [path]
    shards = read_object(path, _MOST_INDEX_BYTES).get("weight_map")
    names = set(shards.values()) if isinstance(shards, dict) and all(map(_is_shard, shards.values())) else set()
    if not 1 <= len(names) <= _MOST_SHARDS:
        raise ModelError(f"{INDEX_FILE} must list 1 to {_MOST_SHARDS} safetensors files of its own folder")
    return [folder / name for name in sorted(names)]


def _is_shard(name: object) -> bool:
    """Whether a file of the index is in the index's own folder."""
    return isinstance(name, str) and name.endswith(".safetensors") and not set(name) & set("/\\:\0") and len(name) < 200


def _find_tensors(files: Sequence[Path]) -> dict[str, _Stored]:
    """Every tensor of these files by its name without prefix, except the masks."""
    found: dict[str, _Stored] = {}
    for path in files:
        entries = read_entries(path)
        file = MappedFile(path)
        for name, entry in entries.items():
            if not name.endswith(_MASK_BUFFERS):
                found[name.removeprefix("transformer.")] = _Stored(file, entry)
    return found


def _settle_unembedding(found: dict[str, _Stored], config: Config) -> Config:
    """Drops a copy of the token embedding from `found`. The config returned is untied if both matrices differ.

    As in `transformers`: a file with `lm_head.weight` alone has its embedding there; a file with two different matrices
    is untied even if its config does not say so.
    """
    head = found.pop(_HEAD, None)
    if head is None:
        return config
    if "wte.weight" not in found:
        found["wte.weight"] = head
    elif not head.equals(found["wte.weight"]):
        found[_HEAD] = head
        return replace(config, tied=False)
    return config


def _check_shapes(entries: Mapping[str, Entry], config: Config) -> None:
    shapes = config.shapes()
    for name, shape in shapes.items():
        if name not in entries:
            raise ModelError(f"{name} is missing from the checkpoint")
        check_entry(entries, name, shape)
    if extra := sorted(entries.keys() - shapes.keys()):
        raise ModelError(f"{extra[0][:60]} is not a tensor of GPT-2 with {config.n_layer} layers")


class _Stored:
    """A tensor in a mapped file: float32 as stored, half precision converted when it is first read."""

    def __init__(self, file: MappedFile, entry: Entry) -> None:
        self._file, self.entry = file, entry
        self._array: Array | None = None

    def __call__(self) -> Array:
        array = self._array
        if array is None:
            array = self._array = self._file.tensor(self.entry)
        return array

    def rows(self, indices: Sequence[int]) -> Array:
        return self._file.rows(self.entry, indices)

    def equals(self, other: _Stored) -> bool:
        """Whether both are stored alike, byte for byte."""
        alike = (self.entry.dtype, self.entry.shape) == (other.entry.dtype, other.entry.shape)
        return alike and np.array_equal(self._file.raw(self.entry), other._file.raw(other.entry))

    def release(self) -> None:
        """Frees the converted copy and the pages of the file."""
        self._array = None
        self._file.release(self.entry)


class _InFloat64:
    """A tensor's numbers as float64, kept once all are converted."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._array: Array | None = None

    def __call__(self) -> Array:
        array = self._array
        if array is None:
            array = self._array = self._reader().astype(FLOAT64)
            array.setflags(write=False)
            self._reader.release()
        return array

    def rows(self, indices: Sequence[int]) -> Array:
        return self._reader.rows(indices).astype(FLOAT64)

    def release(self) -> None:
        self._array = None
