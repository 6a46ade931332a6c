"""GPT-2 checkpoints with random weights, the same on every machine, so that fixtures need to hold only results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from udfs.backend.fast.linears import Linears
from udfs.backend.gpt2.checkpoint import open_checkpoint
from udfs.backend.gpt2.config import parse_config
from udfs.backend.gpt2.model import Model

SIZES = {
    "tiny": {"n_layer": 3, "n_head": 4, "n_embd": 32, "n_ctx": 64, "n_vocab": 50257},
    "long": {"n_layer": 2, "n_head": 2, "n_embd": 32, "n_ctx": 1024, "n_vocab": 100},
    "few": {"n_layer": 2, "n_head": 2, "n_embd": 16, "n_ctx": 32, "n_vocab": 4},
    "padded": {"n_layer": 1, "n_head": 1, "n_embd": 4, "n_ctx": 16, "n_vocab": 50304},
    "wide": {"n_layer": 2, "n_head": 8, "n_embd": 512, "n_ctx": 64, "n_vocab": 100},
    "small": {"n_layer": 12, "n_head": 12, "n_embd": 768, "n_ctx": 1024, "n_vocab": 50257},
}


def config(n_layer: int, n_head: int, n_embd: int, n_ctx: int, n_vocab: int) -> dict[str, Any]:
    """The content of a `config.json` for a GPT-2 of that shape."""
    return {
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5,
        "n_layer": n_layer,
        "n_head": n_head,
        "n_embd": n_embd,
        "n_positions": n_ctx,
        "vocab_size": n_vocab,
    }


def tensors(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Weights for these shapes: matrices that keep the scale of their input, and LayerNorms near one."""
    random = np.random.RandomState(seed)  # its stream never changes between versions of numpy
    made = {}
    for name, shape in shapes.items():
        noise = random.standard_normal(shape).astype(np.float32)
        if name.endswith(("ln_1.weight", "ln_2.weight")) or name == "ln_f.weight":
            made[name] = 1 + np.float32(0.1) * noise
        elif name.endswith("bias"):
            made[name] = np.float32(0.1) * noise
        else:
            made[name] = noise / np.float32(np.sqrt(shape[-1 if name.startswith("w") else 0]))
    return made


def write_checkpoint(folder: Path, size: str = "tiny", seed: int = 0, prefix: str = "") -> Path:
    """Writes `config.json` and `model.safetensors`, in float32, and returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    values = config(**SIZES[size])
    (folder / "config.json").write_text(json.dumps(values))
    named = {prefix + name: tensor for name, tensor in tensors(parse_config(values).shapes(), seed).items()}
    save_file(named, folder / "model.safetensors")
    return folder


def random_model(folder: Path, size: str = "tiny", seed: int = 0) -> Model:
    """A random checkpoint, written into the folder and opened, without a models folder."""
    checkpoint = open_checkpoint(write_checkpoint(folder / f"{size} {seed}", size, seed))
    tensors = checkpoint.tensors
    return Model(f"{size} {seed}", size, checkpoint.config, tensors, Linears(tensors), source=str(folder))
