"""Random checkpoints for the benchmarks, kept in the cache folder: writing half a gigabyte takes a while."""

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
    """The folder of the checkpoint of that size, written where it is not there yet."""
    folder = user_cache_path("gpt2-excel", appauthor=False) / "benchmarks" / f"random-{size}"
    if not (folder / "complete").exists():
        write(folder, *SHAPES[size])
        (folder / "complete").touch()
    return folder


def write(folder: Path, n_layer: int, n_embd: int) -> Path:
    """A checkpoint with heads of 64 channels, as all of GPT-2's (of 16 where it is too narrow)."""
    folder.mkdir(parents=True, exist_ok=True)
    values = config(n_layer, n_embd // (64 if n_embd >= 128 else 16), n_embd, _N_CTX, _N_VOCAB)
    (folder / "config.json").write_text(json.dumps(values))
    save_file(tensors(parse_config(values).shapes()), folder / "model.safetensors")
    return folder


def weights_bytes(folder: Path) -> int:
    """The size of a checkpoint's weights."""
    return (folder / "model.safetensors").stat().st_size
