"""`python -m udfs.models.demo_lens.recipe`: trains the tuned lens of the demo model and writes `lens.safetensors`.

For each block an affine map, x + U D x + b, of the stream that enters the block. It is trained so that the lens gives
the model's own distribution: the Kullback-Leibler divergence, by Adam, from a start by least squares. The texts are the
model's own, drawn from its probabilities. U and D have a low rank, so that the file is small.

Source: Belrose et al. 2023, "Eliciting Latent Predictions from Transformers with the Tuned Lens".
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import save_file

from udfs.backend import catalogue
from udfs.backend.arrays import Array
from udfs.backend.gpt2.forward import layer_norm, softmax
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.gradients import Gradients, layer_norm_backward
from udfs.backend.interpret.own_texts import own_texts
from udfs.backend.stream import residual_stream
from udfs.models.demo.known import known_tokens

RANK: Final = 32
TEXTS: Final = 60
STEPS: Final = 40
_HELD_OUT: Final = 10  # of the texts
_RATE: Final = 2e-3
_BATCH: Final = 384  # tokens in a step
_RIDGE: Final = 1e-2
FILE: Final = Path(__file__).with_name("lens.safetensors")


class _Task:
    """The tokens' streams at every depth, and the model's own distribution over the tokens that it knows."""

    def __init__(self, texts: Sequence[Sequence[int]], model: Model) -> None:
        self.model = model
        depths = [residual_stream(ids, model) for ids in texts]
        self.streams = [np.concatenate(rows) for rows in zip(*depths, strict=True)]  # each [n_tokens, n_embd]
        self.unembedding = model["wte.weight"][sorted(known_tokens(model))]  # [n_known, n_embd]
        self.answers = np.concatenate([softmax(self.logits(rows)) for rows in np.array_split(self.streams[-1], 8)])

    def logits(self, stream: Array) -> Array:
        return np.asarray(layer_norm(stream, "ln_f", self.model) @ self.unembedding.T)

    def divergence(self, stream: Array, rows: slice) -> tuple[float, Array]:
        """The mean Kullback-Leibler divergence of the lens from the answers, in nats, and its gradient."""
        answers = self.answers[rows]
        lens = softmax(self.logits(stream))
        loss = float((answers * (np.log(answers + 1e-12) - np.log(lens + 1e-12))).sum() / len(stream))
        d_final = (lens - answers) @ self.unembedding / len(stream)
        return loss, layer_norm_backward(d_final, stream, "ln_f", self.model, Gradients(0.0))


def train_one(layer: int, task: _Task, n_train: int) -> tuple[dict[str, Array], float, float]:
    """The maps of one block, and the divergence of the plain and of the tuned lens on texts that were held out."""
    x, width = task.streams[layer], task.streams[layer].shape[1]
    centre, goal = x[:n_train].mean(axis=0), task.streams[-1][:n_train] - x[:n_train]
    moment = (x[:n_train] - centre).T @ (x[:n_train] - centre)
    moment[np.diag_indices(width)] += _RIDGE * moment.trace() / width
    full = np.linalg.solve(moment, (x[:n_train] - centre).T @ (goal - goal.mean(axis=0)))  # [n_embd, n_embd]
    u, sizes, v = np.linalg.svd(full, full_matrices=False)
    weights = {
        "down": (u[:, :RANK] * np.sqrt(sizes[:RANK])).astype(np.float32),
        "up": (np.sqrt(sizes[:RANK])[:, None] * v[:RANK]).astype(np.float32),
    }
    weights["bias"] = (goal.mean(axis=0) - centre @ weights["down"] @ weights["up"]).astype(np.float32)
    means = {name: (np.zeros_like(value), np.zeros_like(value)) for name, value in weights.items()}
    held_out = slice(n_train, None)
    plain = task.divergence(x[held_out], held_out)[0]
    best, kept = np.inf, weights
    for step in range(STEPS + 1):
        if step % 10 == 0:
            loss = task.divergence(_mapped(x[held_out], weights), held_out)[0]
            if loss < best:
                best, kept = loss, dict(weights)
        start = step * _BATCH % max(1, n_train - _BATCH)
        rows = slice(start, start + _BATCH)
        _, d = task.divergence(_mapped(x[rows], weights), rows)
        through = x[rows] @ weights["down"]
        gradients = {"down": x[rows].T @ (d @ weights["up"].T), "up": through.T @ d, "bias": d.sum(axis=0)}
        for name, gradient in gradients.items():
            mean, square = means[name]
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            move = (mean / (1 - 0.9 ** (step + 1))) / (np.sqrt(square / (1 - 0.999 ** (step + 1))) + 1e-8)
            weights[name] = weights[name] - _RATE * move
    return kept, plain, best


def _mapped(x: Array, weights: dict[str, Array]) -> Array:
    return np.asarray(x + x @ weights["down"] @ weights["up"] + weights["bias"])


def main() -> None:
    """Trains every block's map, prints what it gains on held-out texts, and writes the file."""
    model = catalogue.load(catalogue.DEMO)
    texts = own_texts(model, TEXTS)
    task = _Task(texts, model)
    n_train = sum(map(len, texts[:-_HELD_OUT]))
    tensors: dict[str, Array] = {}
    print("| before block | plain lens: bits from the answer | tuned |\n|---|---|---|")
    for layer in range(model.config.n_layer):
        weights, plain, tuned = train_one(layer, task, n_train)
        tensors |= {
            f"{layer}.down": weights["down"].T,  # [rank, n_embd], as PyTorch stores a linear layer
            f"{layer}.up": weights["up"].T,  # [n_embd, rank]
            f"{layer}.bias": weights["bias"],
        }
        print(f"| {layer} | {plain / np.log(2):.2f} | {tuned / np.log(2):.2f} |", flush=True)
    save_file({name: np.ascontiguousarray(value, np.float16) for name, value in tensors.items()}, FILE)
    print(f"wrote {FILE.name}, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
