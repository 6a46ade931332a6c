"""Random checkpoints for the benchmarks. They stay in the cache folder, because writing half a gigabyte is slow."""

from __future__ import annotations

import json
from pathlib import Path

from platformdirs import user_cache_path
from safetensors.numpy import save_file

from tests.random_checkpoint import config, tensors
from udfs.backend.gpt2.config import parse_config

SHAPES = {"tiny": (2, 32), "small": (12, 768)}  # n_layer, n_embd
_N_CTX, _N_VOCAB = 1024, 50257


def cached(size: str) -> Path:
    """The folder of the checkpoint of this size, which is written if it is missing."""
    folder = user_cache_path("gpt2-excel", appauthor=False) / "benchmarks" / f"random-{size}"
    if not (folder / "complete").exists():
        write(folder, *SHAPES[size])
        (folder / "complete").touch()
    return folder


def write(folder: Path, n_layer: int, n_embd: int) -> Path:
    """A checkpoint with heads of 64 channels, like GPT-2's, or of 16 if it is too narrow for that."""
    folder.mkdir(parents=True, exist_ok=True)
    values = config(n_layer, n_embd // (64 if n_embd >= 128 else 16), n_embd, _N_CTX, _N_VOCAB)
    (folder / "config.json").write_text(json.dumps(values))
    save_file(tensors(parse_config(values).shapes()), folder / "model.safetensors")
    return folder


def weights_bytes(folder: Path) -> int:
    """The size of a checkpoint's weights, in bytes."""
    return (folder / "model.safetensors").stat().st_size
