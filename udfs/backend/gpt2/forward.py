"""GPT-2's forward pass, from token ids to logits, in the order in which the data flows.

Shapes are those of one prompt: a row per token, a column per channel. Axes before these two, as in
`[n_prompts, n_seq, n_embd]`, are prompts of equal length, computed side by side.

Every intermediate value passes through `hook(place, value)` under TransformerLens's name for its place, and the pass
continues with the value that the hook returns. So one mechanism records values, replaces them, and caches keys.

Sums and products are made in place (`x += b`) if a new array would take longer than the arithmetic.

Sources: Radford et al. 2019; `modeling_gpt2.py` of Hugging Face's `transformers`, which the numbers agree with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.config import Activation
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.other_activations import exact_gelu, relu

Hook: TypeAlias = Callable[[str, Array], Array]


def no_hook(place: str, value: Array) -> Array:
    """Leaves every value as it is."""
    return value


def forward(ids: Sequence[int], model: Model, hook: Hook = no_hook, start: int = 0) -> Array:
    """The logits of the next token after each of these tokens; `start` is the position of the first one."""
    residual = embed(ids, model, hook, start)  # [n_seq] -> [n_seq, n_embd]
    for layer in range(model.config.n_layer):
        residual = block(layer, residual, model, hook)
    return unembed(residual, model, hook)  # -> [n_seq, n_vocab]


def embed(ids: Sequence[int], model: Model, hook: Hook = no_hook, start: int = 0) -> Array:
    """Token embeddings plus position embeddings: the residual stream that enters block 0."""
    token = hook("hook_embed", model.rows("wte.weight", ids))  # [n_seq] -> [n_seq, n_embd]
    position = hook("hook_pos_embed", model["wpe.weight"][start : start + len(ids)])  # [n_seq, n_embd]
    return token + position


def block(layer: int, residual: Array, model: Model, hook: Hook = no_hook) -> Array:
    """A transformer block: attention, then the MLP. Each reads the stream through a LayerNorm and adds to it."""
    at = f"blocks.{layer}"
    residual = hook(f"{at}.hook_resid_pre", residual)  # [n_seq, n_embd]
    x = hook(f"{at}.ln1.hook_normalized", layer_norm(residual, f"h.{layer}.ln_1", model))
    residual = residual + hook(f"{at}.hook_attn_out", attention(layer, x, model, hook))
    residual = hook(f"{at}.hook_resid_mid", residual)
    x = hook(f"{at}.ln2.hook_normalized", layer_norm(residual, f"h.{layer}.ln_2", model))
    residual = residual + hook(f"{at}.hook_mlp_out", mlp(layer, x, model, hook))
    return hook(f"{at}.hook_resid_post", residual)


def attention(layer: int, x: Array, model: Model, hook: Hook = no_hook) -> Array:
    """Multi-head causal self-attention. A hook may put the keys and values of earlier tokens before those of `x`."""
    at = f"blocks.{layer}.attn"
    qkv = model.linear(f"h.{layer}.attn.c_attn")(x)  # [n_seq, n_embd] -> [n_seq, 3*n_embd]
    q, k, v = split_heads(qkv, model.config.n_head)  # -> 3 x [n_head, n_seq, d_head]
    q, k, v = hook(f"{at}.hook_q", q), hook(f"{at}.hook_k", k), hook(f"{at}.hook_v", v)
    scores = attention_scores(q, k, model.config.score_divisor(layer))  # -> [n_head, n_seq, n_past + n_seq]
    scores = hook(f"{at}.hook_attn_scores", scores)
    pattern = hook(f"{at}.hook_pattern", softmax(scores))
    z = hook(f"{at}.hook_z", pattern @ v)  # -> [n_head, n_seq, d_head]
    return model.linear(f"h.{layer}.attn.c_proj")(join_heads(z))  # -> [n_seq, n_embd]


def mlp(layer: int, x: Array, model: Model, hook: Hook = no_hook) -> Array:
    """The MLP: a linear layer four times as wide as the stream, GPT-2's GELU (or another), and a linear layer back."""
    at = f"blocks.{layer}.mlp"
    hidden = hook(f"{at}.hook_pre", model.linear(f"h.{layer}.mlp.c_fc")(x))  # [n_seq, n_embd] -> [n_seq, n_inner]
    hidden = hook(f"{at}.hook_post", ACTIVATIONS[model.config.activation](hidden))
    return model.linear(f"h.{layer}.mlp.c_proj")(hidden)  # -> [n_seq, n_embd]


def unembed(residual: Array, model: Model, hook: Hook = no_hook) -> Array:
    """The logits: the final LayerNorm, then the product with every token's embedding."""
    x = hook("ln_final.hook_normalized", layer_norm(residual, "ln_f", model))
    return model.linear("lm_head")(x)  # [n_seq, n_embd] -> [n_seq, n_vocab]


def layer_norm(x: Array, name: str, model: Model) -> Array:
    """LayerNorm (Ba et al. 2016): each row to mean 0 and variance 1, then scaled and shifted channel by channel.

    Raises ModelError if the variance is too large for float64.
    """
    n_embd = x.shape[-1]  # `x.mean` takes twice as long as this sum for few rows
    x = x - x.sum(axis=-1, keepdims=True) / n_embd
    with np.errstate(over="ignore"):
        variance = np.square(x).sum(axis=-1, keepdims=True) / n_embd  # -> [n_seq, 1]
        if np.isinf(variance).any():  # in float32, for which channels of 1e19 are too large
            variance = np.square(x, dtype=np.float64).sum(axis=-1, keepdims=True) / n_embd
            if np.isinf(variance).any():
                raise ModelError(f"{name} is given numbers too large for a LayerNorm")
    x /= np.sqrt(variance + model.config.layer_norm_epsilon)
    x *= model[f"{name}.weight"]
    x += model[f"{name}.bias"]
    return x


def split_heads(qkv: Array, n_head: int) -> tuple[Array, Array, Array]:
    """Queries, keys and values of every head: `[n_seq, 3*n_embd]` -> 3 x `[n_head, n_seq, d_head]`."""
    heads = qkv.reshape(*qkv.shape[:-1], 3, n_head, -1).swapaxes(-2, -4)  # -> [n_head, 3, n_seq, d_head]
    return heads[..., 0, :, :], heads[..., 1, :, :], heads[..., 2, :, :]


def join_heads(z: Array) -> Array:
    """The heads side by side: `[n_head, n_seq, d_head]` -> `[n_seq, n_embd]`."""
    z = z.swapaxes(-2, -3)  # -> [n_seq, n_head, d_head]
    return z.reshape(*z.shape[:-2], -1)


def attention_scores(q: Array, k: Array, divisor: float) -> Array:
    """How well each query fits each key, `q . k / divisor`; -inf for later tokens. GPT-2's divisor is sqrt(d_head)."""
    scores: Array = q @ k.swapaxes(-1, -2)  # -> [n_head, n_seq, n_past + n_seq]
    scores /= divisor
    n_query, n_key = scores.shape[-2:]
    if n_query > 1:  # a token sees itself and those before it, so the last one sees all
        visible = np.tri(n_query, n_key, n_key - n_query, dtype=bool)
        np.copyto(scores, -np.inf, where=~visible)
    return scores


def softmax(x: Array) -> Array:
    """Softmax over the last axis: positive numbers that sum to 1."""
    e = x - x.max(axis=-1, keepdims=True)
    np.exp(e, out=e)
    e /= e.sum(axis=-1, keepdims=True)
    return e


@np.errstate(over="ignore")  # where x is so large that tanh is 1 or -1
def gelu(x: Array) -> Array:
    """GPT-2's GELU (Hendrycks & Gimpel 2016; `gelu_new`): 0.5 x (1 + tanh(u)) with u = sqrt(2/pi) (x + 0.044715 x^3).

    Computed as x / (1 + exp(-2u)), which is equal.
    """
    root = math.sqrt(2 / math.pi)
    e = x * x
    e *= -2 * root * 0.044715
    e -= 2 * root
    e *= x  # -2u
    np.exp(e, out=e)
    e += 1
    return np.divide(x, e, out=e)


ACTIVATIONS: Mapping[Activation, Callable[[Array], Array]] = {"gelu_new": gelu, "gelu": exact_gelu, "relu": relu}
