"""The tuned lens: before the unembedding, an affine map for each block turns its stream into one that ln_f can read.

`x + x @ W.T + b`, as in the package `tuned-lens`. A file has `0.weight` `[n_embd, n_embd]` and `0.bias` for the stream
that enters block 0, and so on; the published lenses use the same names. Instead of a weight it can have two factors,
`0.up` `[n_embd, rank]` and `0.down` `[rank, n_embd]`, whose product is the weight. A model's lens is
`lens/<model's name>/lens.safetensors` in the models folder; demo's is bundled.

Source: Belrose et al. 2023, "Eliciting Latent Predictions from Transformers with the Tuned Lens".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.folders import models_folder
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.safetensors_file import Entry, MappedFile, check_entry, read_entries
from udfs.backend.stamps import Stamp, stamp_of

Lens: TypeAlias = tuple[tuple[tuple[Array, ...], Array], ...]
"""For each block, the factors of its matrix, which are applied one after the other, and its bias."""

_FILE = "lens.safetensors"
_PREFIXES = ("layer_translators.", "")  # of the names in a published file
_BUNDLED_MODEL = "demo"
_BUNDLED = Path(__file__).parents[2] / "models" / "demo_lens" / _FILE


def tuned(stages: Sequence[Array], model: Model) -> list[Array]:
    """The stream at each depth as the lens turns it; the last, which leaves the last block, stays as it is.

    Raises ModelError if the model has no lens on this machine.
    """
    lens = load_for(model)
    return [*(_mapped(stream, *part) for stream, part in zip(stages, lens, strict=False)), stages[-1]]


def _mapped(stream: Array, factors: Sequence[Array], bias: Array) -> Array:
    change = stream
    for factor in factors:
        change = change @ factor.astype(stream.dtype, copy=False)
    return np.asarray(stream + change + bias.astype(stream.dtype, copy=False))


def load_for(model: Model) -> Lens:
    """The lens of a model. Raises ModelError if it is missing, damaged, or for a model of another shape."""
    path = _path(model.name)
    if not path.is_file():
        raise ModelError(f"show: the tuned lens of {model.name} must be in {path}, and that file is missing")
    return _open(path, stamp(model.name), model.config.n_layer, model.config.n_embd)


def stamp(name: str) -> Stamp:
    """Changes when the lens of that model is changed, added or removed."""
    return stamp_of([_path(name)])


def _path(name: str) -> Path:
    own = models_folder() / "lens" / name / _FILE
    return _BUNDLED if name == _BUNDLED_MODEL and not own.is_file() else own


@lru_cache(maxsize=4)
def _open(path: Path, stamp: Stamp, n_layer: int, n_embd: int) -> Lens:
    entries, file = read_entries(path), MappedFile(path)
    return tuple(_part(layer, entries, file, path.name, n_embd) for layer in range(n_layer))


def _part(
    layer: int, entries: Mapping[str, Entry], file: MappedFile, where: str, n_embd: int
) -> tuple[tuple[Array, ...], Array]:
    prefix = next((prefix for prefix in _PREFIXES if f"{prefix}{layer}.bias" in entries), "")
    low_rank = f"{prefix}{layer}.down" in entries
    names = [f"{prefix}{layer}.{name}" for name in (("down", "up") if low_rank else ("weight",))]
    for name in (*names, bias := f"{prefix}{layer}.bias"):
        if name not in entries:
            raise ModelError(f"{name} is missing from {where}")
    check_entry(entries, bias, (n_embd,))
    rank = (*entries[names[0]].shape, 0)[0] if low_rank else n_embd  # 0 for a single number, refused below
    for name, shape in zip(names, ((rank, n_embd), (n_embd, rank)), strict=False):
        check_entry(entries, name, shape)
    return tuple(file.tensor(entries[name]).T for name in names), file.tensor(entries[bias])
