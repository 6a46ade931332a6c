"""`gpt2.forward.block` for long prompts: attention by blocks of rows, on all cores.

Scores and patterns never exist as a whole, so a hook gets to see keys and values only, as a cache of them needs.
"""

from __future__ import annotations

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.threads import in_shares
from udfs.backend.gpt2.forward import Hook, attention_scores, join_heads, layer_norm, mlp, no_hook, softmax, split_heads
from udfs.backend.gpt2.model import Model

_ROWS = 128  # of one head's attention at a time: they stay in the processor's cache


def block(layer: int, residual: Array, model: Model, hook: Hook = no_hook) -> Array:
    """The stream after one block, `[..., n_seq, n_embd]`, as `gpt2.forward.block` gives it up to rounding."""
    at = f"blocks.{layer}.attn"
    x = layer_norm(residual, f"h.{layer}.ln_1", model)
    q, k, v = split_heads(model.linear(f"h.{layer}.attn.c_attn")(x), model.config.n_head)
    z = attend(q, hook(f"{at}.hook_k", k), hook(f"{at}.hook_v", v))  # -> [n_head, n_seq, d_head]
    residual = residual + model.linear(f"h.{layer}.attn.c_proj")(join_heads(z))
    return residual + mlp(layer, layer_norm(residual, f"h.{layer}.ln_2", model), model)


def attend(q: Array, k: Array, v: Array) -> Array:
    """The values weighted by softmax of the scores: `[..., n_head, n_seq, d_head]`.

    `k` and `v` may begin with the keys and values of earlier tokens. A block of rows skips the tokens after its last
    row, which is half of the work.
    """
    n_seq, n_past = q.shape[-2], k.shape[-2] - q.shape[-2]
    if n_seq <= _ROWS:
        return softmax(attention_scores(q, k)) @ v
    z = np.empty_like(q)
    heads = list(np.ndindex(q.shape[:-2]))

    def work(share: slice) -> None:
        for head in heads[share]:
            for start in range(0, n_seq, _ROWS):
                rows, visible = slice(start, start + _ROWS), slice(0, n_past + start + _ROWS)
                pattern = softmax(attention_scores(q[head][rows], k[head][visible]))
                z[head][rows] = pattern @ v[head][visible]

    in_shares(len(heads), work)
    return z
