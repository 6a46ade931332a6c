"""A checkpoint in the Hugging Face layout: `config.json` and `model.safetensors`, mapped into memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from udfs.backend.arrays import FLOAT32, FLOAT64, Array, DType
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.config import Config, read_config
from udfs.backend.gpt2.safetensors_file import Entry, MappedFile, check_entry, read_entries

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"

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
    """The weights of one model on disk."""

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


def _open_tensors(path: Path, config: Config) -> dict[str, Reader]:
    entries = {
        name.removeprefix("transformer."): entry
        for name, entry in read_entries(path).items()
        if not name.endswith(_MASK_BUFFERS)
    }
    head = entries.pop("lm_head.weight", None)
    _check_shapes(entries, config)
    file = MappedFile(path)
    if head is not None:
        _check_tied(file, head, entries["wte.weight"])
    return {name: _Stored(file, entries[name]) for name in config.shapes()}


def _check_shapes(entries: Mapping[str, Entry], config: Config) -> None:
    shapes = config.shapes()
    for name, shape in shapes.items():
        if name not in entries:
            raise ModelError(f"{name} is missing from the checkpoint")
        check_entry(entries, name, shape)
    if extra := sorted(entries.keys() - shapes.keys()):
        raise ModelError(f"{extra[0]} is not a tensor of GPT-2 with {config.n_layer} layers")


def _check_tied(file: MappedFile, head: Entry, wte: Entry) -> None:
    same_type = (head.dtype, head.shape) == (wte.dtype, wte.shape)
    if not same_type or not np.array_equal(file.raw(head), file.raw(wte)):
        raise ModelError("lm_head.weight must equal wte.weight: GPT-2 unembeds with its token embedding")


class _Stored:
    """A tensor in a mapped file: float32 as stored, half precision converted when it is first read."""

    def __init__(self, file: MappedFile, entry: Entry) -> None:
        self._file, self._entry = file, entry
        self._array: Array | None = None

    def __call__(self) -> Array:
        array = self._array
        if array is None:
            array = self._array = self._file.tensor(self._entry)
        return array

    def rows(self, indices: Sequence[int]) -> Array:
        return self._file.rows(self._entry, indices)

    def release(self) -> None:
        """Frees the converted copy and the pages of the file."""
        self._array = None
        self._file.release(self._entry)


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
