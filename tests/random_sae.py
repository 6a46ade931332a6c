"""A sparse autoencoder with random weights, in SAELens's format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file


def tensors(n_embd: int, n_features: int, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Weights with which about half of the features are active."""
    random = np.random.RandomState(seed)
    shapes = {"W_enc": (n_embd, n_features), "b_enc": (n_features,), "W_dec": (n_features, n_embd), "b_dec": (n_embd,)}
    return {name: random.standard_normal(shape).astype(np.float32) / 4 for name, shape in shapes.items()}


def write_sae(folder: Path, n_embd: int = 32, n_features: int = 50, seed: int = 0) -> Path:
    """Writes `cfg.json` and `sae_weights.safetensors`, and returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cfg.json").write_text(json.dumps({"d_in": n_embd, "d_sae": n_features}))
    save_file(tensors(n_embd, n_features, seed), folder / "sae_weights.safetensors")
    return folder
