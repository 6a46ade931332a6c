"""Compares the forward pass with Hugging Face `transformers` (eager) on checkpoints with random weights.

pip install -e ".[parity]"
python -m tests.parity.transformers_parity            # full size: 12 x 768, vocabulary 50257
python -m tests.parity.transformers_parity --record   # writes the small fixture that the normal tests read
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from transformers import GPT2LMHeadModel

from tests.parity import script
from tests.whole_pass import trace
from udfs.backend.gpt2 import forward

FIXTURE = Path(__file__).parents[1] / "fixtures" / "forward_tiny.npz"
LENGTHS = (1, 10, 100, 1024)


def ids_of_length(length: int) -> list[int]:
    """Token ids, the same on every machine."""
    return np.random.RandomState(length).randint(0, 50257, length).tolist()


def reference(folder: Path, ids: list[int]) -> dict[str, np.ndarray]:
    """Hidden states before each block and after the last (before ln_f), patterns and logits, from transformers."""
    model = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager").eval()
    last: list[torch.Tensor] = []
    model.transformer.h[-1].register_forward_hook(
        lambda module, inputs, output: last.append(output[0] if isinstance(output, tuple) else output)
    )
    with torch.no_grad():
        output = model(torch.tensor([ids]), output_hidden_states=True, output_attentions=True)
    stream = [state[0].numpy() for state in output.hidden_states[:-1]] + [last[0].reshape(len(ids), -1).numpy()]
    return {
        "stream": np.stack(stream),
        "pattern": np.stack([attention[0].numpy() for attention in output.attentions]),
        "logits": output.logits[0].numpy(),
    }


def ours(folder: Path, ids: list[int]) -> dict[str, np.ndarray]:
    """The same values from this project's forward pass."""
    model = script.load(folder)
    seen, layers = trace(ids, model), range(model.config.n_layer)
    final = seen[f"blocks.{layers[-1]}.hook_resid_post"]
    return {
        "stream": np.stack([*(seen[f"blocks.{layer}.hook_resid_pre"] for layer in layers), final]),
        "pattern": np.stack([seen[f"blocks.{layer}.attn.hook_pattern"] for layer in layers]),
        "logits": forward.unembed(final, model),
    }


def compare(folder: Path) -> None:
    """Prints the largest differences at each length."""
    print("tokens | stream, largest relative error | pattern, largest error | logits, largest error | argmax equal")
    for length in LENGTHS:
        ids = ids_of_length(length)
        theirs, mine = reference(folder, ids), ours(folder, ids)
        relative = max(
            np.linalg.norm(a - b, axis=-1).max() / np.linalg.norm(b, axis=-1).max()
            for a, b in zip(mine["stream"], theirs["stream"], strict=True)
        )
        pattern = np.abs(mine["pattern"] - theirs["pattern"]).max()
        logits = np.abs(mine["logits"] - theirs["logits"]).max()
        agree = (mine["logits"].argmax(-1) == theirs["logits"].argmax(-1)).mean()
        print(f"{length:6} | {relative:30.2e} | {pattern:22.2e} | {logits:21.2e} | {agree:.2%}", flush=True)


def record(folder: Path, fixture: Path) -> None:
    """Writes the results of transformers for a short prompt."""
    ids = ids_of_length(10)
    theirs = reference(folder, ids)
    theirs["logits"] = theirs["logits"][:, ::97]  # every 97th token is enough to notice
    np.savez_compressed(fixture, ids=np.array(ids), **theirs)


if __name__ == "__main__":
    script.main(__doc__, compare, record, FIXTURE)
