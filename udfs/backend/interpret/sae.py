"""Sparse autoencoders of the stream that enters a block, in SAELens's format.

The format and the formula are those of `jbloom/GPT2-Small-SAEs-Reformatted` (Bloom 2024): for each layer a folder
`blocks.L.hook_resid_pre` with `cfg.json` and `sae_weights.safetensors`. A model's autoencoders are in
`sae/<model's name>` of the models folder; those of gpt2 may also be in Hugging Face's cache, and demo's is bundled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.fast.blas import product
from udfs.backend.folders import how_to_get, models_folder, snapshots
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.safetensors_file import Entry, MappedFile, check_entry, read_entries

HUB_REPOSITORY = "jbloom/GPT2-Small-SAEs-Reformatted"
HUB_MODEL = "gpt2"
CONFIG_FILE = "cfg.json"
WEIGHTS_FILE = "sae_weights.safetensors"

_BUNDLED_MODEL = "demo"
_BUNDLED = Path(__file__).parents[2] / "models" / "demo_sae"
_FOLDER = r"blocks\.(\d+)\.hook_resid_pre"
# What this formula assumes. SAELens also has autoencoders with other formulas.
_FIXED = {
    "architecture": "standard",
    "activation_fn": "relu",
    "activation_fn_str": "relu",
    "apply_b_dec_to_input": True,
    "normalize_activations": "none",
}


class SparseAutoencoder(NamedTuple):
    """f = relu((x - b_dec) @ W_enc + b_enc) and x' = f @ W_dec + b_dec, mapped, and read only as far as needed.

    `W_enc` is `[n_embd, n_features]`, `W_dec` `[n_features, n_embd]`.
    """

    n_embd: int
    n_features: int
    file: MappedFile
    entries: Mapping[str, Entry]

    def feature(self, index: int) -> Array:
        """The direction of a feature in the stream, its row of `W_dec`: `[n_embd]`. Reads that row only."""
        if not 0 <= index < self.n_features:
            raise ModelError(f"feature must be 0 to {self.n_features - 1}, not {index}")
        return self.file.rows(self.entries["W_dec"], [index])[0]

    def encode(self, x: Array) -> Array:
        """How strongly each feature is present: `[n_seq, n_embd]` -> `[n_seq, n_features]`, mostly zeros."""
        hidden = product(x - self._tensor("b_dec"), self._tensor("W_enc")) + self._tensor("b_enc")
        return np.maximum(hidden, 0, out=hidden)

    def decode(self, features: Array) -> Array:
        """The stream rebuilt from the features: `[n_seq, n_features]` -> `[n_seq, n_embd]`."""
        return product(features, self._tensor("W_dec")) + self._tensor("b_dec")

    def error(self, x: Array) -> Array:
        """What the autoencoder does not explain, x - decode(encode(x)): `[n_seq, n_embd]`."""
        return x - self.decode(self.encode(x))

    def _tensor(self, name: str) -> Array:
        return self.file.tensor(self.entries[name])


def centre(x: Array) -> Array:
    """Each row minus its mean over the channels.

    TransformerLens centres all that writes to the stream, and the autoencoders of GPT-2 small were trained on that;
    LayerNorm makes the model itself blind to the mean. Neuronpedia does not centre.
    """
    return x - x.mean(axis=-1, keepdims=True)


def load_for(model: Model, layer: int) -> SparseAutoencoder:
    """The autoencoder of the stream that enters a block. Raises ModelError, which lists others, if it is missing."""
    folders = installed(model.name)
    if layer not in folders:
        here = ", ".join(map(str, sorted(folders))) or "none"
        hint = f"; {_how_to_get(layer)}" if model.name == HUB_MODEL else ""
        raise ModelError(
            f"layer must be one that has a sparse autoencoder for {model.name} on this machine ({here}), "
            f"not {layer}{hint}"
        )
    stat = (folders[layer] / WEIGHTS_FILE).stat()
    autoencoder = _open(folders[layer], (stat.st_size, stat.st_mtime_ns))
    if autoencoder.n_embd != model.config.n_embd:
        raise ModelError(
            f"the sparse autoencoder of layer {layer} must be for {model.config.n_embd} channels, "
            f"as {model.name} has, not {autoencoder.n_embd}"
        )
    return autoencoder


def _how_to_get(layer: int) -> str:
    folder = own_folder(HUB_MODEL) / f"blocks.{layer}.hook_resid_pre"
    return how_to_get(f"sae {layer}", folder, (CONFIG_FILE, WEIGHTS_FILE))


def installed(name: str) -> dict[int, Path]:
    """The folders of a model's autoencoders, by layer. The user's own take precedence over the cache and the bundle."""
    places = [own_folder(name)]
    if name == HUB_MODEL:
        places += snapshots(HUB_REPOSITORY)
    if name == _BUNDLED_MODEL:
        places.append(_BUNDLED)
    found: dict[int, Path] = {}
    for place in reversed(places):
        for folder in place.iterdir() if place.is_dir() else ():
            match = re.fullmatch(_FOLDER, folder.name)
            if match and (folder / WEIGHTS_FILE).is_file() and (folder / CONFIG_FILE).is_file():
                found[int(match[1])] = folder
    return found


def own_folder(name: str) -> Path:
    """The folder of a model's autoencoders in the models folder."""
    return models_folder() / "sae" / name


@lru_cache(maxsize=24)
def _open(folder: Path, stamp: tuple[int, int]) -> SparseAutoencoder:
    """An autoencoder, opened once while its file stays the same."""
    return open_autoencoder(folder)


def open_autoencoder(folder: Path) -> SparseAutoencoder:
    """The autoencoder in a folder, mapped and not yet read. Raises ModelError if it is damaged or of another kind."""
    _check_kind(folder / CONFIG_FILE)
    path = folder / WEIGHTS_FILE
    entries = read_entries(path)
    if "W_dec" not in entries or len(entries["W_dec"].shape) != 2:
        raise ModelError(f"W_dec is missing from {path.name}")
    n_features, n_embd = entries["W_dec"].shape
    for name, shape in {
        "W_enc": (n_embd, n_features),
        "b_enc": (n_features,),
        "W_dec": (n_features, n_embd),
        "b_dec": (n_embd,),
    }.items():
        if name not in entries:
            raise ModelError(f"{name} is missing from {path.name}")
        check_entry(entries, name, shape)
    return SparseAutoencoder(n_embd, n_features, MappedFile(path), entries)


def _check_kind(path: Path) -> None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path.name} of {path.parent.name} cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise ModelError(f"{path.name} must hold a JSON object, not {type(values).__name__}")
    for name, fixed in _FIXED.items():
        if values.get(name, fixed) not in (fixed, None):
            raise ModelError(f"{path.name}: {name} must be {fixed} for this formula, not {values[name]!r}")
