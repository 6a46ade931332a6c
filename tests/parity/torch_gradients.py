"""Compares gradients with PyTorch's autograd through Hugging Face `transformers` on checkpoints with random weights.

pip install -e ".[parity]"
python -m tests.parity.torch_gradients            # full size: 12 x 768, vocabulary 50257
python -m tests.parity.torch_gradients --record   # writes the small fixture that the normal tests read
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from transformers import GPT2LMHeadModel

from tests.parity import script
from udfs.backend.gpt2 import forward
from udfs.backend.interpret import gradients

FIXTURE = Path(__file__).parents[1] / "fixtures" / "gradients_tiny.npz"
IDS, TARGET, AGAINST = [464, 3797, 3332, 319, 257, 3797], 11, 7
WEIGHTS = ("h.0.attn.c_attn.weight", "h.1.mlp.c_proj.weight", "h.1.ln_2.weight", "h.0.mlp.c_fc.bias")


def reference(folder: Path) -> dict[str, np.ndarray]:
    """The gradients of a difference of two logits, from autograd: of the stream, of MLP outputs, of weights."""
    model = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager").eval()
    kept: dict[str, torch.Tensor] = {}

    def keep(name: str, value: torch.Tensor) -> None:
        value.retain_grad()
        kept[name] = value

    for layer, block in enumerate(model.transformer.h):
        at = f"blocks.{layer}"
        block.register_forward_pre_hook(lambda _, inputs, at=at: keep(f"{at}.hook_resid_pre", inputs[0]))
        block.mlp.register_forward_hook(lambda _, inputs, out, at=at: keep(f"{at}.hook_mlp_out", out))
        block.mlp.c_proj.register_forward_pre_hook(lambda _, inputs, at=at: keep(f"{at}.mlp.hook_post", inputs[0]))
    logits = model(torch.tensor([IDS])).logits[0, -1]
    (logits[TARGET] - logits[AGAINST]).backward()
    parameters = dict(model.transformer.named_parameters())
    found = {name: value.grad[0].numpy() for name, value in kept.items()}
    return found | {name: parameters[name].grad.numpy() for name in WEIGHTS}


def ours(folder: Path) -> dict[str, np.ndarray]:
    """The same gradients from this project's backward pass, and the time of both passes."""
    model = script.load(folder)
    began = time.perf_counter()
    forward.forward(IDS, model)
    middle = time.perf_counter()
    found = gradients.gradients(IDS, gradients.logit(TARGET, AGAINST), model)
    print(f"forward {middle - began:.3f} s, forward and backward {time.perf_counter() - middle:.3f} s")
    weights = gradients.weight_gradients(IDS, gradients.logit(TARGET, AGAINST), model).weights or {}
    return found.places | weights


def compare(folder: Path) -> None:
    """Prints the largest difference of each kind, relative to the largest gradient."""
    theirs, mine = reference(folder), ours(folder)
    for name, expected in theirs.items():
        print(f"{name:30} {np.abs(mine[name] - expected).max() / np.abs(expected).max():.1e}")


def record(folder: Path, fixture: Path) -> None:
    """Writes autograd's results."""
    np.savez_compressed(fixture, ids=np.array(IDS), target=TARGET, against=AGAINST, **reference(folder))


if __name__ == "__main__":
    script.main(__doc__, compare, record, FIXTURE)
