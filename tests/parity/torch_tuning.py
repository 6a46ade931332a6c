"""Compares fine-tuning with PyTorch's Adam through Hugging Face `transformers`, on checkpoints with random weights.

pip install -e ".[parity]"
python -m tests.parity.torch_tuning            # full size: 12 x 768, vocabulary 50257
python -m tests.parity.torch_tuning --record   # writes the small fixture that the normal tests read
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import GPT2LMHeadModel

from tests.parity import script
from udfs.backend.gpt2.model import Model
from udfs.backend.train.tune import trained_names, tune

FIXTURE = Path(__file__).parents[1] / "fixtures" / "tuning_tiny.npz"
TEXTS = ([464, 3797, 3332, 319, 50256], [257, 3797, 50256], [464, 262, 464, 262, 464, 262, 50256], [11, 13, 50256])
STEPS, RATE = 20, 1e-3
ONLY = ((), ("h.1",))  # what is trained: everything, or one block


def reference(folder: Path, only: Sequence[str]) -> list[float]:
    """The losses before each step, from torch.optim.Adam."""
    model = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager").eval()
    longest = max(map(len, TEXTS))
    ids = torch.tensor([[*text, *[0] * (longest - len(text))] for text in TEXTS])
    labels = torch.tensor([[*text, *[-100] * (longest - len(text))] for text in TEXTS])
    chosen = [
        parameter
        for name, parameter in model.transformer.named_parameters()
        if not only or any(name.startswith(f"{beginning}.") for beginning in only)
    ]
    adam = torch.optim.Adam(chosen, RATE)
    losses = []
    for _ in range(STEPS):
        adam.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(ids).logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        loss.backward()
        adam.step()
        losses.append(float(loss))
    return losses


def ours(model: Model, only: Sequence[str]) -> list[float]:
    """The same from this project's Adam."""
    names = trained_names(only, model.config)
    return [step.loss for step in tune(iter([list(TEXTS)] * STEPS), STEPS, RATE, names, model)]


def compare(folder: Path) -> None:
    """Prints the first and last loss, and the largest difference."""
    for only in ONLY:
        theirs, mine = reference(folder, only), ours(script.load(folder), only)
        difference = np.abs(np.subtract(theirs, mine)).max()
        print(f"only {only or 'everything'}: {theirs[0]:.4f} to {theirs[-1]:.4f}, largest difference {difference:.1e}")


def record(folder: Path, fixture: Path) -> None:
    """Writes torch's losses."""
    np.savez_compressed(fixture, **{"+".join(only) or "everything": reference(folder, only) for only in ONLY})


if __name__ == "__main__":
    script.main(__doc__, compare, record, FIXTURE)
