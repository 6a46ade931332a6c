"""GPT-2's forward pass, one function for each step that a person can look at.

Follows Radford et al. 2019 as `transformers` computes it (`modeling_gpt2.py`, eager): LayerNorm before each half of
a block, tanh GELU, a causal mask, the token embedding as unembedding. Everything is of the weights' type, float32 where
the model text does not say float64; constants are Python's, which take that of the array beside them.

Each intermediate passes through `see(place, value)`, under TransformerLens's name for its place; what `see` returns
goes on. Looking at a value and operating on it are therefore the same mechanism. A model's additions to the stream are
made just before, so `see` is shown what they made of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.team import shared_out
from udfs.backend.generate.kv_cache import KeyValues
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.additions import steered
from udfs.backend.stopping import check_wanted

See: TypeAlias = Callable[[str, Array], Array]

_ROWS = 128  # of one head's attention that are computed at a time
_SQRT_2_OVER_PI = math.sqrt(2 / math.pi)


def unseen(place: str, value: Array) -> Array:
    """Looks at nothing and changes nothing."""
    return value


def forward(ids: Sequence[int], model: Model, see: See = unseen, past: KeyValues | None = None) -> Array:
    """The residual stream after the last block, `[n_seq, n_embd]`, for these token ids.

    With `past`, the ids follow the tokens that it holds, and are added to it.
    """
    if past and past.n_prompt is None:
        past.n_prompt = len(ids)
    residual = embed(ids, model, see, n_past=past.n_seq if past else 0)  # [n_seq] -> [n_seq, n_embd]
    for layer in range(model.config.n_layer):
        residual = block(layer, residual, model, see, past)
    return residual


def trace(ids: Sequence[int], model: Model) -> dict[str, Array]:
    """Every intermediate up to the last block's end, by TransformerLens's name.

    Per head: q, k, v, z `[n_head, n_seq, d_head]`, scores and pattern `[n_head, n_seq, n_seq]`; all else has a row a
    token.
    """
    seen: dict[str, Array] = {}
    forward(ids, model, _recorder(seen))
    return seen


def trace_embedding(ids: Sequence[int], model: Model) -> dict[str, Array]:
    """The two embeddings, as `trace` gives them."""
    seen: dict[str, Array] = {}
    embed(ids, model, _recorder(seen))
    return seen


def trace_block(layer: int, residual: Array, model: Model) -> dict[str, Array]:
    """The intermediates of one block, as `trace` gives them, for the stream that enters it."""
    seen: dict[str, Array] = {}
    block(layer, residual, model, _recorder(seen))
    return seen


def _recorder(seen: dict[str, Array]) -> See:
    def record(place: str, value: Array) -> Array:
        seen[place] = value
        return value

    return record


def embed(ids: Sequence[int], model: Model, see: See = unseen, n_past: int = 0) -> Array:
    """Token embedding plus position embedding: `[n_seq]` -> `[n_seq, n_embd]`."""
    tokens = see("hook_embed", model.rows("wte.weight", ids))  # [n_seq] -> [n_seq, n_embd]
    return tokens + see("hook_pos_embed", model["wpe.weight"][n_past : n_past + len(ids)])


def block(layer: int, residual: Array, model: Model, see: See = unseen, past: KeyValues | None = None) -> Array:
    """One transformer block: what attention and then the MLP compute is added to the stream.

    Without `past` the rows are a whole prompt.
    """
    check_wanted()
    at, see_stream = f"blocks.{layer}", see
    if model.additions:
        start = past.n_read(layer) if past else 0
        n_prompt = past.n_prompt if past and past.n_prompt is not None else start + len(residual)
        see_stream = steered(see, model.additions, start, n_prompt)
    residual = see_stream(f"{at}.hook_resid_pre", residual)
    x = see(f"{at}.ln1.hook_normalized", layer_norm(residual, f"h.{layer}.ln_1", model))
    residual = residual + see_stream(f"{at}.hook_attn_out", attention(layer, x, model, see, past))
    residual = see_stream(f"{at}.hook_resid_mid", residual)
    x = see(f"{at}.ln2.hook_normalized", layer_norm(residual, f"h.{layer}.ln_2", model))
    residual = residual + see_stream(f"{at}.hook_mlp_out", mlp(layer, x, model, see))
    return see_stream(f"{at}.hook_resid_post", residual)


def attention(layer: int, x: Array, model: Model, see: See = unseen, past: KeyValues | None = None) -> Array:
    """All heads of one block, on the normalised stream: `[n_seq, n_embd]` -> `[n_seq, n_embd]`.

    Where nobody looks, each thread computes some of the heads.
    """
    at, n_seq, d_head = f"blocks.{layer}.attn", len(x), model.config.d_head
    c_attn, c_proj = model.layers[f"h.{layer}.attn.c_attn"], model.layers[f"h.{layer}.attn.c_proj"]
    if past is not None:
        past.grow(layer, n_seq)

    def z_of(channels: slice) -> Array:  # of whole heads; in the shapes below, n_head and n_embd are those of the share
        heads = slice(channels.start // d_head, channels.stop // d_head)
        qkv = c_attn.columns(x, channels, groups=3)  # [n_seq, n_embd] -> [n_seq, 3*n_embd]
        q, k, v = split_qkv(qkv, heads.stop - heads.start)  # -> 3 x [n_head, n_seq, d_head]
        q, k, v = see(f"{at}.hook_q", q), see(f"{at}.hook_k", k), see(f"{at}.hook_v", v)
        if past is not None:
            k, v = past.put(layer, heads, k, v)  # -> [n_head, n_past + n_seq, d_head]
        if see is unseen:
            return join_heads(attend(q, k, v))  # -> [n_seq, n_embd]
        scores = see(f"{at}.hook_attn_scores", attention_scores(q, k))  # -> [n_head, n_seq, n_past + n_seq]
        pattern = see(f"{at}.hook_pattern", softmax(scores))
        z = see(f"{at}.hook_z", attention_mix(pattern, v))  # -> [n_head, n_seq, d_head]
        return join_heads(z)  # -> [n_seq, n_embd]

    return c_proj.of_shares(z_of, n_seq, unit=d_head, whole=see is not unseen)  # -> [n_seq, n_embd]


def mlp(layer: int, x: Array, model: Model, see: See = unseen) -> Array:
    """The MLP of one block, on the normalised stream: `[n_seq, n_embd]` -> `[n_seq, n_embd]`.

    Where nobody looks, each thread computes some of the hidden units.
    """
    at = f"blocks.{layer}.mlp"
    c_fc, c_proj = model.layers[f"h.{layer}.mlp.c_fc"], model.layers[f"h.{layer}.mlp.c_proj"]

    def hidden_of(units: slice) -> Array:
        hidden = see(f"{at}.hook_pre", c_fc.columns(x, units))  # [n_seq, n_embd] -> [n_seq, n_inner]
        return see(f"{at}.hook_post", gelu(hidden))

    return c_proj.of_shares(hidden_of, len(x), whole=see is not unseen)  # -> [n_seq, n_embd]


def unembed(residual: Array, model: Model, see: See = unseen) -> Array:
    """The logits: final LayerNorm, then the token embedding, `[n_seq, n_embd]` -> `[n_seq, n_vocab]`."""
    x = see("ln_final.hook_normalized", layer_norm(residual, "ln_f", model))
    return model.layers["lm_head"](x)


def linear(x: Array, parameter: str, model: Model) -> Array:
    """`x @ W + b`, with `W` stored as `[in, out]` (GPT-2's Conv1D)."""
    return model.layers[parameter](x)


def layer_norm(x: Array, parameter: str, model: Model) -> Array:
    """LayerNorm over channels (Ba et al. 2016): population variance, epsilon inside the root."""
    normal = x - x.mean(axis=-1, keepdims=True)  # in place from here on, as in gelu
    variance = (normal * normal).mean(axis=-1, keepdims=True)  # -> [n_seq, 1]
    normal /= np.sqrt(variance + model.config.layer_norm_epsilon)
    normal *= model[f"{parameter}.weight"]
    normal += model[f"{parameter}.bias"]
    return normal


def split_qkv(qkv: Array, n_head: int) -> tuple[Array, Array, Array]:
    """Queries, keys and values of every head: `[n_seq, 3*n_embd]` -> 3 x `[n_head, n_seq, d_head]`."""
    n_seq = qkv.shape[0]
    heads = qkv.reshape(n_seq, 3, n_head, -1).transpose(1, 2, 0, 3)  # -> [3, n_head, n_seq, d_head]
    return heads[0], heads[1], heads[2]


def join_heads(z: Array) -> Array:
    """Heads side by side: `[n_head, n_seq, d_head]` -> `[n_seq, n_embd]`."""
    return z.transpose(1, 0, 2).reshape(z.shape[1], -1)


@shared_out
def attend(q: Array, k: Array, v: Array) -> Array:
    """Scores, pattern and mix in one, where nobody looks at them: -> `[n_head, n_seq, d_head]`.

    By few rows of one head at a time, which stay in the fast caches and see no token after their last one.
    """
    n_head, n_seq, _ = q.shape
    n_past = k.shape[1] - n_seq
    if n_seq <= _ROWS:
        return attention_mix(softmax(attention_scores(q, k)), v)
    z = np.empty_like(q)
    for head in range(n_head):
        for start in range(0, n_seq, _ROWS):
            rows, seen = slice(start, start + _ROWS), slice(0, n_past + start + _ROWS)
            own = slice(head, head + 1)
            z[own, rows] = attention_mix(softmax(attention_scores(q[own, rows], k[own, seen])), v[own, seen])
    return z


@shared_out
def attention_scores(q: Array, k: Array) -> Array:
    """Scaled scores, -inf where a token would look ahead: -> `[n_head, n_seq, n_past + n_seq]`."""
    scores = q @ k.transpose(0, 2, 1)
    scores /= math.sqrt(q.shape[-1])
    scores += _causal_mask(*scores.shape[1:])
    return scores


@lru_cache(maxsize=32)
def _causal_mask(n_seq: int, n_all: int) -> Array:
    """-inf above the diagonal that ends in the lower right corner, zero elsewhere: `[n_seq, n_past + n_seq]`."""
    mask = np.triu(np.full((n_seq, n_all), -np.inf, np.float32), k=1 + n_all - n_seq)
    mask.setflags(write=False)
    return mask


@shared_out
def attention_mix(pattern: Array, v: Array) -> Array:
    """Values of all tokens, weighted by the pattern: -> `[n_head, n_seq, d_head]`."""
    return pattern @ v


@shared_out
def softmax(x: Array) -> Array:
    """Softmax over the last axis."""
    e = x - x.max(axis=-1, keepdims=True)
    np.exp(e, out=e)
    e /= e.sum(axis=-1, keepdims=True)
    return e


@shared_out
@np.errstate(over="ignore")  # of numbers so large that tanh is 1 or -1
def gelu(x: Array) -> Array:
    """0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), GPT-2's GELU (Hendrycks & Gimpel 2016; `gelu_new`)."""
    g = x * x  # in place from here on: temporaries would take most of the time
    g *= x
    g *= 0.044715
    g += x
    g *= _SQRT_2_OVER_PI
    np.tanh(g, out=g)
    g += 1
    g *= x
    g *= 0.5
    return g
