"""`gpt2.forward.block` on all cores, for hooks that look at keys and values only, as a cache of them does.

Attention takes a block of rows at a time, so scores and patterns never exist as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.linear import TILE
from udfs.backend.fast.threads import in_shares
from udfs.backend.gpt2.forward import (
    ACTIVATIONS,
    Hook,
    attention_scores,
    join_heads,
    layer_norm,
    no_hook,
    softmax,
    split_heads,
)
from udfs.backend.gpt2.model import Model

_ROWS = 128  # of one head's attention at a time: they stay in the processor's cache
_SCORES_WORTH_SHARING = 2_000_000  # multiplications; fewer are done before another thread has woken up


def block(layer: int, residual: Array, model: Model, hook: Hook = no_hook) -> Array:
    """The stream after one block, `[..., n_seq, n_embd]`, equal to that of `gpt2.forward.block` up to rounding."""
    at = f"blocks.{layer}.attn"
    x = layer_norm(residual, f"h.{layer}.ln_1", model)
    q, k, v = split_heads(model.linear(f"h.{layer}.attn.c_attn")(x), model.config.n_head)
    k, v = hook(f"{at}.hook_k", k), hook(f"{at}.hook_v", v)
    z = attend(q, k, v, model.config.score_divisor(layer))  # -> [n_head, n_seq, d_head]
    return _with_mlp(layer, residual + model.linear(f"h.{layer}.attn.c_proj")(join_heads(z)), model)


def block_of_prompts(layer: int, residual: Array, lengths: Sequence[tuple[int, int]], model: Model) -> Array:
    """The same for the rows of many prompts, below each other: `[n_rows, n_embd]`; see `by_length` for `lengths`."""
    x = layer_norm(residual, f"h.{layer}.ln_1", model)
    qkv = model.linear(f"h.{layer}.attn.c_attn")(x)  # -> [n_rows, 3*n_embd]
    divisor, z = model.config.score_divisor(layer), []
    for part in by_length(qkv, lengths):  # [n_prompts, n_seq, 3*n_embd]
        q, k, v = split_heads(part, model.config.n_head)  # -> 3 x [n_prompts, n_head, n_seq, d_head]
        z.append(join_heads(attend(q, k, v, divisor)).reshape(-1, residual.shape[-1]))
    return _with_mlp(layer, residual + model.linear(f"h.{layer}.attn.c_proj")(np.concatenate(z)), model)


def by_length(rows: Array, lengths: Sequence[tuple[int, int]]) -> Iterator[Array]:
    """The rows of the prompts of each length, `[n_prompts, n_seq, n_columns]`.

    `lengths` has a pair for each length, in the order of the rows: the number of prompts, and their tokens.
    """
    start = 0
    for count, length in lengths:
        yield rows[start : start + count * length].reshape(count, length, -1)
        start += count * length


def _with_mlp(layer: int, residual: Array, model: Model) -> Array:
    """The stream after the MLP of a block: `[..., n_seq, n_embd]`.

    Each thread computes some of the hidden units and what they add to the stream, so the threads meet only once.
    """
    c_fc, c_proj = model.linears[f"h.{layer}.mlp.c_fc"], model.linears[f"h.{layer}.mlp.c_proj"]
    x = layer_norm(residual, f"h.{layer}.ln_2", model).reshape(-1, residual.shape[-1])  # -> [n_rows, n_embd]

    def output(units: slice) -> Array:
        hidden = ACTIVATIONS[model.config.activation](c_fc.columns(x, units))  # -> [n_rows, n_units]
        return c_proj.rows(hidden, units)  # -> [n_rows, n_embd]

    n_inner = model.config.n_inner
    is_shared = c_fc.is_worth_sharing(2 * len(x))  # twice, because c_proj is as large
    outputs = in_shares(n_inner, output, TILE) if is_shared else [output(slice(0, n_inner))]
    return residual + c_proj.total(outputs).reshape(residual.shape)


def attend(q: Array, k: Array, v: Array, divisor: float) -> Array:
    """The values weighted by softmax of the scores: `[..., n_head, n_seq, d_head]`.

    `divisor` is that of `attention_scores`. `k` and `v` may begin with the keys and values of earlier tokens. A block
    of rows skips the tokens after its last row, which are half of the work.
    """
    n_seq, n_past = q.shape[-2], k.shape[-2] - q.shape[-2]
    if q.size * k.shape[-2] < _SCORES_WORTH_SHARING:
        return softmax(attention_scores(q, k, divisor)) @ v
    heads_q, heads_k, heads_v = (x.reshape(-1, *x.shape[-2:]) for x in (q, k, v))  # -> [n_heads, n_seq, d_head]
    z = np.empty_like(heads_q)

    def work(share: slice) -> None:
        at_a_time = len(z) if n_seq <= _ROWS else 1
        for head in range(share.start, share.stop, at_a_time):
            heads = slice(head, min(head + at_a_time, share.stop))
            for start in range(0, n_seq, _ROWS):
                rows, visible = slice(start, start + _ROWS), slice(0, n_past + start + _ROWS)
                pattern = softmax(attention_scores(heads_q[heads, rows], heads_k[heads, visible], divisor))
                np.matmul(pattern, heads_v[heads, visible], out=z[heads, rows])

    in_shares(len(z), work)
    return z.reshape(q.shape)
