"""GPT-2's forward pass in float64, written as plainly as possible: an independent reference for the backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

Numbers = NDArray[np.float64]
Weights = Mapping[str, Numbers]


@cache
def weights(folder: Path) -> Weights:
    """The tensors of a checkpoint, in float64 without rounding."""
    return {name: tensor.astype(np.float64) for name, tensor in load_file(folder / "model.safetensors").items()}


def trace(ids: Sequence[int], w: Weights, n_layer: int, n_head: int) -> dict[str, Numbers]:
    """Every step under the backend's name for it, and `logits` after the last token."""
    seen: dict[str, Numbers] = {}
    n_seq = len(ids)
    mask = np.triu(np.full((n_seq, n_seq), -np.inf), k=1)
    x = w["wte.weight"][list(ids)] + w["wpe.weight"][:n_seq]  # [n_seq] -> [n_seq, n_embd]
    for layer in range(n_layer):
        at, h = f"blocks.{layer}", f"h.{layer}"
        seen[f"{at}.hook_resid_pre"] = x
        seen[f"{at}.ln1.hook_normalized"] = normal = layer_norm(x, w, f"{h}.ln_1")
        qkv = linear(normal, w, f"{h}.attn.c_attn")  # [n_seq, n_embd] -> [n_seq, 3*n_embd]
        q, k, v = qkv.reshape(n_seq, 3, n_head, -1).transpose(1, 2, 0, 3)  # -> 3 x [n_head, n_seq, d_head]
        seen |= {f"{at}.attn.hook_q": q, f"{at}.attn.hook_k": k, f"{at}.attn.hook_v": v}
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]) + mask  # -> [n_head, n_seq, n_seq]
        seen[f"{at}.attn.hook_attn_scores"] = scores
        seen[f"{at}.attn.hook_pattern"] = pattern = softmax(scores)
        seen[f"{at}.attn.hook_z"] = z = pattern @ v  # -> [n_head, n_seq, d_head]
        seen[f"{at}.hook_attn_out"] = attended = linear(join_heads(z), w, f"{h}.attn.c_proj")  # -> [n_seq, n_embd]
        seen[f"{at}.hook_resid_mid"] = x = x + attended
        seen[f"{at}.ln2.hook_normalized"] = normal = layer_norm(x, w, f"{h}.ln_2")
        seen[f"{at}.mlp.hook_pre"] = hidden = linear(normal, w, f"{h}.mlp.c_fc")  # -> [n_seq, n_inner]
        seen[f"{at}.mlp.hook_post"] = active = gelu(hidden)
        seen[f"{at}.hook_mlp_out"] = said = linear(active, w, f"{h}.mlp.c_proj")  # -> [n_seq, n_embd]
        seen[f"{at}.hook_resid_post"] = x = x + said
    seen["logits"] = layer_norm(x[-1], w, "ln_f") @ w["wte.weight"].T  # [n_embd] -> [n_vocab]
    return seen


def layer_norm(x: Numbers, w: Weights, name: str) -> Numbers:
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]


def linear(x: Numbers, w: Weights, name: str) -> Numbers:
    return x @ w[f"{name}.weight"] + w[f"{name}.bias"]


def join_heads(z: Numbers) -> Numbers:
    """Heads side by side: [n_head, n_seq, d_head] -> [n_seq, n_embd]."""
    return z.transpose(1, 0, 2).reshape(z.shape[1], -1)


def softmax(x: Numbers) -> Numbers:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def gelu(x: Numbers) -> Numbers:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
