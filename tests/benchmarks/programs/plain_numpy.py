"""GPT-2 in numpy as one writes it down: `x @ W + b`, one thread of BLAS, nothing laid out, nothing shared out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from threadpoolctl import threadpool_limits

from tests.benchmarks.programs.program import TOP, Everything, greedy
from udfs.backend.arrays import Array
from udfs.backend.gpt2.config import read_config

NAME = "numpy, plain x @ W + b, one thread"


def norm(x: Array, gain: Array, bias: Array) -> Array:
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(1e-5)) * gain + bias


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def gelu(x: Array) -> Array:
    return np.float32(0.5) * x * (1 + np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x)))


class Measured:
    """A forward pass in thirty lines."""

    def __init__(self, folder: Path, n_threads: int) -> None:
        threadpool_limits(1, user_api="blas")
        self.config = read_config(folder / "config.json")
        self.w = load_file(folder / "model.safetensors")
        self.past: list[tuple[Array, Array]] = []  # of each block: k, v [n_head, n_past, d_head]

    def forward(self, ids: Sequence[int]) -> Array:
        return self.unembed(self.run(ids, [])[0][-1][-1:])[0]

    def read(self, ids: Sequence[int]) -> Array:
        self.past = []
        return self._further(ids)

    def decode(self, token: int) -> Array:
        return self._further([token])

    def generate(self, ids: Sequence[int], count: int) -> list[int]:
        return greedy(self, ids, count)

    def everything(self, ids: Sequence[int]) -> Everything:
        states, patterns, _ = self.run(ids, [])
        logits = self.unembed(np.concatenate(states))  # [(n_layer+1)*n_seq, n_vocab]
        first = np.argpartition(-logits, TOP, axis=-1)[:, :TOP]
        order = np.take_along_axis(logits, first, -1).argsort(-1)[:, ::-1]
        return Everything(np.stack(states), np.stack(patterns), np.take_along_axis(first, order, -1))

    def _further(self, ids: Sequence[int]) -> Array:
        states, _, self.past = self.run(ids, self.past)
        return self.unembed(states[-1][-1:])[0]

    def unembed(self, x: Array) -> Array:
        return norm(x, self.w["ln_f.weight"], self.w["ln_f.bias"]) @ self.w["wte.weight"].T

    def linear(self, x: Array, name: str) -> Array:
        return x @ self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def run(
        self, ids: Sequence[int], past: list[tuple[Array, Array]]
    ) -> tuple[list[Array], list[Array], list[tuple[Array, Array]]]:
        """The stream before each block and after the last, the patterns, and keys and values of all tokens."""
        n_past, n_seq, n_head = past[0][0].shape[1] if past else 0, len(ids), self.config.n_head
        x = self.w["wte.weight"][list(ids)] + self.w["wpe.weight"][n_past : n_past + n_seq]
        mask = np.triu(np.full((n_seq, n_past + n_seq), -np.inf, np.float32), 1 + n_past)
        states, patterns, kept = [x], [], []
        for i in range(self.config.n_layer):
            w = {name.removeprefix(f"h.{i}."): self.w[name] for name in self.w if name.startswith(f"h.{i}.ln")}
            qkv = self.linear(norm(x, w["ln_1.weight"], w["ln_1.bias"]), f"h.{i}.attn.c_attn")
            q, k, v = qkv.reshape(n_seq, 3, n_head, -1).transpose(1, 2, 0, 3)  # 3 x [n_head, n_seq, d_head]
            if past:
                k, v = np.concatenate([past[i][0], k], 1), np.concatenate([past[i][1], v], 1)
            pattern = softmax(q @ k.transpose(0, 2, 1) / np.float32(self.config.d_head**0.5) + mask)
            x = x + self.linear((pattern @ v).transpose(1, 0, 2).reshape(n_seq, -1), f"h.{i}.attn.c_proj")
            hidden = self.linear(norm(x, w["ln_2.weight"], w["ln_2.bias"]), f"h.{i}.mlp.c_fc")
            x = x + self.linear(gelu(hidden), f"h.{i}.mlp.c_proj")
            states, patterns, kept = [*states, x], [*patterns, pattern], [*kept, (k, v)]
        return states, patterns, kept
