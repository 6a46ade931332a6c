"""Sparse autoencoders of the stream that enters a block, in SAELens's format.

The format and the formula are those of `jbloom/GPT2-Small-SAEs-Reformatted` (Bloom 2024): for each layer a folder
`blocks.L.hook_resid_pre` with `cfg.json` and `sae_weights.safetensors`. A model's autoencoders are in
`sae/<model's name>` of the models folder; those of gpt2 may also be in Hugging Face's cache, and demo's is bundled.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from udfs.backend.arrays import Array, DType
from udfs.backend.errors import ModelError, quoted
from udfs.backend.fast.blas import product
from udfs.backend.folders import how_to_get, models_folder, snapshots
from udfs.backend.gpt2.json_files import read_object
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.safetensors_file import Entry, MappedFile, check_entry, read_entries
from udfs.backend.stamps import Stamp, stamp_of

HUB_REPOSITORY = "jbloom/GPT2-Small-SAEs-Reformatted"
HUB_MODEL = "gpt2"
CONFIG_FILE = "cfg.json"
WEIGHTS_FILE = "sae_weights.safetensors"

_BUNDLED_MODEL = "demo"
_BUNDLED = Path(__file__).parents[2] / "models" / "demo_sae"
_BUNDLED_FACTS = Path(__file__).parents[2] / "models" / "demo" / "facts.json"
_HUB_JEDI = "sae(2, 7650)"
_FOLDER = r"blocks\.(\d{1,4})\.hook_resid_pre"
# The settings that the formula assumes. SAELens also has autoencoders with other formulas.
_FIXED = {
    "architecture": "standard",
    "activation_fn": "relu",
    "activation_fn_str": "relu",
    "apply_b_dec_to_input": True,
    "normalize_activations": "none",
}
_FINETUNED = "finetuning_scaling_factor"
_SCALING_FACTOR = "scaling_factor"
_MOST_BYTES = 2**20  # of a cfg.json


class Feature(NamedTuple):
    """One feature: where it reads the stream, and what it writes to it, each `[n_embd]`."""

    reads: Array
    bias: float
    writes: Array

    def activations(self, stream: Array) -> Array:
        """How strongly it is present: `[..., n_embd]` -> `[...]`."""
        return np.asarray(np.maximum(stream @ self.reads + stream.dtype.type(self.bias), 0))


class SparseAutoencoder(NamedTuple):
    """f = relu((x - b_dec) @ W_enc + b_enc) and x' = f @ W_dec + b_dec, mapped, and read only as far as needed.

    `W_enc` is `[n_embd, n_features]`, `W_dec` `[n_features, n_embd]`. In a finetuned one, `scaling_factor`,
    `[n_features]`, multiplies f before it is decoded.
    """

    n_embd: int
    n_features: int
    file: MappedFile
    entries: Mapping[str, Entry]
    is_finetuned: bool = False

    def feature(self, index: int) -> Array:
        """The direction of a feature in the stream, its row of `W_dec`: `[n_embd]`. Reads that row only."""
        if not 0 <= index < self.n_features:
            raise ModelError(f"feature must be 0 to {self.n_features - 1}, not {index}")
        return self.file.rows(self.entries["W_dec"], [index])[0]

    def single(self, index: int, dtype: DType, *, centred: bool) -> Feature:
        """One feature by itself: only a column and a row are read. If `centred`, it centres the stream itself.

        In a finetuned autoencoder, what it writes is multiplied by its `scaling_factor`.
        """
        writes = self.feature(index).astype(dtype)
        reads = self.file.column(self.entries["W_enc"], index).astype(dtype)
        bias = self.tensor("b_enc")[index] - self.tensor("b_dec") @ reads
        if self.is_finetuned:
            writes = writes * self.tensor(_SCALING_FACTOR)[index].astype(dtype)
        return Feature(centre(reads) if centred else reads, float(bias), writes)

    def encode(self, x: Array) -> Array:
        """How strongly each feature is present: `[n_seq, n_embd]` -> `[n_seq, n_features]`, mostly zeros."""
        hidden = product(x - self.tensor("b_dec"), self.tensor("W_enc")) + self.tensor("b_enc")
        return np.maximum(hidden, 0, out=hidden)

    def decode(self, features: Array) -> Array:
        """The stream rebuilt from the features: `[n_seq, n_features]` -> `[n_seq, n_embd]`."""
        scaled = features * self.tensor(_SCALING_FACTOR) if self.is_finetuned else features
        return product(scaled, self.tensor("W_dec")) + self.tensor("b_dec")

    def error(self, x: Array) -> Array:
        """What the autoencoder does not explain, x - decode(encode(x)): `[n_seq, n_embd]`."""
        return x - self.decode(self.encode(x))

    def tensor(self, name: str) -> Array:
        """A whole tensor by its name in the file."""
        return self.file.tensor(self.entries[name])


def centre(x: Array) -> Array:
    """Each row minus its mean over the channels.

    TransformerLens centres everything that writes to the stream, and the autoencoders of GPT-2 small were trained on
    that. The model itself ignores the mean, because each LayerNorm subtracts it. Neuronpedia does not centre.
    """
    return x - x.mean(axis=-1, keepdims=True)


def load_for(model: Model, layer: int) -> SparseAutoencoder:
    """The autoencoder of the stream that enters a block. Raises ModelError, which lists others, if it is missing."""
    folders = installed(model.name)
    if layer not in folders:
        here = ", ".join(map(str, sorted(folders))) or "none"
        hints = {HUB_MODEL: lambda: f"; {_how_to_get(layer)}", _BUNDLED_MODEL: _bundled_jedi}
        hint = hints[model.name]() if model.name in hints else ""
        raise ModelError(
            f"layer must be one that has a sparse autoencoder for {model.name} on this machine ({here}), "
            f"not {layer}{hint}"
        )
    autoencoder = _open(folders[layer], stamp_of(_files(folders[layer])))
    if autoencoder.n_embd != model.config.n_embd:
        raise ModelError(
            f"the sparse autoencoder of layer {layer} must be for {model.config.n_embd} channels, "
            f"as {model.name} has, not {autoencoder.n_embd}"
        )
    return autoencoder


def _bundled_jedi() -> str:
    """What to type for demo, for a user who typed the feature of the talk, which belongs to gpt2."""
    jedi: Any = read_object(_BUNDLED_FACTS, _MOST_BYTES)["jedi"]
    return f"; {_HUB_JEDI} is GPT-2's Jedi feature, and demo's is sae({jedi['layer']}, {jedi['feature']})"


def _how_to_get(layer: int) -> str:
    folder = own_folder(HUB_MODEL) / f"blocks.{layer}.hook_resid_pre"
    return how_to_get(f"sae {layer}", folder, (CONFIG_FILE, WEIGHTS_FILE))


def installed(name: str) -> dict[int, Path]:
    """The folders of a model's autoencoders, by layer. The user's own take precedence over the cache and the bundle."""
    places = _places(name)
    found: dict[int, Path] = {}
    for place in reversed(places):
        for folder in place.iterdir() if place.is_dir() else ():
            match = re.fullmatch(_FOLDER, folder.name)
            if match and (folder / WEIGHTS_FILE).is_file() and (folder / CONFIG_FILE).is_file():
                found[int(match[1])] = folder
    return found


def stamp(name: str) -> Stamp:
    """Changes when an autoencoder of that model is changed, added or removed."""
    files: list[str] = []
    for place in _places(name):
        with suppress(OSError):  # most places do not exist
            for folder in os.scandir(place):
                if folder.name.endswith("hook_resid_pre"):
                    files += _files(folder)
    return stamp_of(files)


def _files(folder: str | os.PathLike[str]) -> tuple[str, str]:
    return os.path.join(folder, CONFIG_FILE), os.path.join(folder, WEIGHTS_FILE)


def _places(name: str) -> list[Path]:
    """Where a model's autoencoders may be, those of the user first."""
    places = [own_folder(name)]
    if name == HUB_MODEL:
        places += snapshots(HUB_REPOSITORY)
    if name == _BUNDLED_MODEL:
        places.append(_BUNDLED)
    return places


def own_folder(name: str) -> Path:
    """The folder of a model's autoencoders in the models folder."""
    return models_folder() / "sae" / name


@lru_cache(maxsize=24)
def _open(folder: Path, stamp: Stamp) -> SparseAutoencoder:
    """An autoencoder, opened once while its files stay the same."""
    return open_autoencoder(folder)


def open_autoencoder(folder: Path) -> SparseAutoencoder:
    """The autoencoder in a folder, mapped and not yet read. Raises ModelError if it is damaged or of another kind."""
    settings = read_object(folder / CONFIG_FILE, _MOST_BYTES)
    _check_kind(settings)
    is_finetuned = settings.get(_FINETUNED) is True
    path = folder / WEIGHTS_FILE
    entries = read_entries(path)
    if "W_dec" not in entries or len(entries["W_dec"].shape) != 2:
        raise ModelError(f"W_dec is missing from {path.name}")
    n_features, n_embd = entries["W_dec"].shape
    shapes = {"W_enc": (n_embd, n_features), "b_enc": (n_features,), "W_dec": (n_features, n_embd), "b_dec": (n_embd,)}
    if is_finetuned:
        shapes[_SCALING_FACTOR] = (n_features,)
    for name, shape in shapes.items():
        if name not in entries:
            raise ModelError(f"{name} is missing from {path.name}")
        check_entry(entries, name, shape)
    return SparseAutoencoder(n_embd, n_features, MappedFile(path), entries, is_finetuned)


def _check_kind(settings: Mapping[str, object]) -> None:
    for name, fixed in _FIXED.items():
        if settings.get(name, fixed) not in (fixed, None):
            raise ModelError(f"{CONFIG_FILE}: {name} must be {fixed} for this formula, not {quoted(settings[name])}")
