"""Gradients: the forward pass of `gpt2/forward.py` backwards, step beside step.

A gradient says how a number at the end, such as a token's logit, changes with a value along the way: to first order,
by the gradient times the change. Each function takes the gradient of a step's result and returns that of its input.
The gradient of a place has the place's shape and TransformerLens's name. As in the forward pass, a first axis is
several prompts side by side.

Sources: Rumelhart et al. 1986; the numbers agree with PyTorch's autograd.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.blas import product
from udfs.backend.gpt2.config import Activation
from udfs.backend.gpt2.forward import block, join_heads, layer_norm, softmax
from udfs.backend.gpt2.interventions import with_interventions
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.other_activations import exact_gelu
from udfs.backend.stopping import check_wanted
from udfs.backend.stream import recorder, residual_stream

Objective: TypeAlias = Callable[[Array], tuple[float, Array]]
"""Takes the logits after the last token, `[n_vocab]`; returns a number, and its gradient with respect to them."""


@dataclass
class Gradients:
    """The gradients of a number.

    Attributes:
        value: the number.
        places: the gradients of the values along the way, by place.
        weights: those of the weights, by checkpoint name, if they were asked for.
    """

    value: float
    places: dict[str, Array] = field(default_factory=dict)
    weights: dict[str, Array] | None = None


def logit(target: int, against: int | None = None) -> Objective:
    """A token's logit, or the difference of two tokens' logits."""

    def objective(logits: Array) -> tuple[float, Array]:
        gradient = np.zeros_like(logits)
        gradient[target] += 1
        if against is not None:
            gradient[against] -= 1
        return float(logits[target] - (0 if against is None else logits[against])), gradient

    return objective


def log_probability(target: int) -> Objective:
    """The natural logarithm of a token's probability."""

    def objective(logits: Array) -> tuple[float, Array]:
        probabilities = softmax(logits)
        gradient = -probabilities
        gradient[target] += 1
        return math.log(probabilities[target]), gradient

    return objective


def gradients(ids: Sequence[int], objective: Objective, model: Model) -> Gradients:
    """The gradients of a number computed from the logits after these ids, at every place of the forward pass."""
    return _gradients(ids, objective, model, None)


def weight_gradients(ids: Sequence[int], objective: Objective, model: Model) -> Gradients:
    """The same, with the gradients of the weights of the blocks and of ln_f."""
    return _gradients(ids, objective, model, {})


def _gradients(ids: Sequence[int], objective: Objective, model: Model, weights: dict[str, Array] | None) -> Gradients:
    trace = record(residual_stream(ids, model)[0], model)
    (value,), d_final = from_last_tokens(trace, [objective], model)
    found = Gradients(value, weights=weights)
    backward(d_final, trace, model, found)
    return found


def from_last_tokens(
    trace: dict[str, Array], objectives: Sequence[Objective], model: Model
) -> tuple[list[float], Array]:
    """A number for each prompt, from the logits after its last token, and the gradients of ln_f's output.

    The trace is that of one prompt, or of several side by side. The gradients are `[..., n_seq, n_embd]`.
    """
    final = trace["ln_final.hook_normalized"]  # [..., n_seq, n_embd]
    all_logits = model.linear("lm_head")(final[..., -1, :].reshape(-1, final.shape[-1]))  # -> [n_prompts, n_vocab]
    values, d_logits = zip(*(of(logits) for of, logits in zip(objectives, all_logits, strict=True)), strict=True)
    d_final = np.zeros_like(final)
    d_final[..., -1, :] = through_unembedding(np.stack(d_logits), model).reshape(final[..., -1, :].shape)
    return list(values), d_final


def record(residual: Array, model: Model, first: int = 0) -> dict[str, Array]:
    """Every value of the forward pass, by place, from the stream that enters block `first` on: `[n_seq, n_embd]`.

    A place at which the model text changes the stream has a second value, under `before` and its name.
    """
    trace: dict[str, Array] = {f"blocks.{first - 1}.hook_resid_post": residual}
    n_seq = residual.shape[-2]
    changing = {intervention.hook for intervention in model.interventions}
    change = with_interventions(recorder(trace), model.interventions, 0, n_seq)

    def hook(place: str, value: Array) -> Array:
        if place in changing:
            trace[f"before {place}"] = value
        return change(place, value)

    for layer in range(first, model.config.n_layer):
        check_wanted()
        residual = block(layer, residual, model, hook)
    trace["ln_final.hook_normalized"] = layer_norm(residual, "ln_f", model)
    return trace


def backward(d_final: Array, trace: dict[str, Array], model: Model, found: Gradients, first: int = 0) -> Array:
    """From the gradient of ln_f's output, `[n_seq, n_embd]`, back to that of the stream that enters block `first`."""
    last = model.config.n_layer - 1
    d_residual = layer_norm_backward(d_final, trace[f"blocks.{last}.hook_resid_post"], "ln_f", model, found)
    for layer in reversed(range(first, model.config.n_layer)):
        d_residual = block_backward(layer, d_residual, trace, model, found)
    if first == 0:
        found.places["hook_embed"] = found.places["hook_pos_embed"] = d_residual
    return d_residual


def block_backward(layer: int, d_residual: Array, trace: dict[str, Array], model: Model, found: Gradients) -> Array:
    """Each half reads the stream and adds to it, so its gradient is added to the stream's own."""
    at, places = f"blocks.{layer}", found.places

    def through(place: str, gradient: Array) -> Array:
        """The gradient at a place, kept, and then that before the model text changes the stream there."""
        places[place] = gradient
        return interventions_backward(place, gradient, trace, model)

    d_residual = through(f"{at}.hook_resid_post", d_residual)  # [n_seq, n_embd]
    dx = mlp_backward(layer, through(f"{at}.hook_mlp_out", d_residual), trace, model, found)
    places[f"{at}.ln2.hook_normalized"] = dx
    d_residual = d_residual + layer_norm_backward(dx, trace[f"{at}.hook_resid_mid"], f"h.{layer}.ln_2", model, found)
    d_residual = through(f"{at}.hook_resid_mid", d_residual)
    dx = attention_backward(layer, through(f"{at}.hook_attn_out", d_residual), trace, model, found)
    places[f"{at}.ln1.hook_normalized"] = dx
    d_residual = d_residual + layer_norm_backward(dx, trace[f"{at}.hook_resid_pre"], f"h.{layer}.ln_1", model, found)
    return through(f"{at}.hook_resid_pre", d_residual)


def interventions_backward(place: str, gradient: Array, trace: dict[str, Array], model: Model) -> Array:
    """Through the changes that the model text makes at a place, the last one first."""
    here = [intervention for intervention in model.interventions if intervention.hook == place]
    n_seq = gradient.shape[-2]
    streams = [trace[f"before {place}"]] if here else []  # before each change
    for intervention in here[:-1]:
        streams.append(intervention.changed(streams[-1], 0, n_seq))
    for intervention, stream in zip(reversed(here), reversed(streams), strict=True):
        gradient = intervention.backward(gradient, stream, 0, n_seq)
    return gradient


def mlp_backward(layer: int, d_out: Array, trace: dict[str, Array], model: Model, found: Gradients) -> Array:
    """Of `forward.mlp`: `[n_seq, n_embd]` -> the same."""
    at = f"blocks.{layer}.mlp"
    pre, post = trace[f"{at}.hook_pre"], trace[f"{at}.hook_post"]
    d_post = linear_backward(f"h.{layer}.mlp.c_proj", d_out, post, model, found)  # -> [n_seq, n_inner]
    found.places[f"{at}.hook_post"] = d_post
    d_pre = found.places[f"{at}.hook_pre"] = d_post * SLOPES[model.config.activation](pre)
    x = trace[f"blocks.{layer}.ln2.hook_normalized"]
    return linear_backward(f"h.{layer}.mlp.c_fc", d_pre, x, model, found)  # -> [n_seq, n_embd]


def attention_backward(layer: int, d_out: Array, trace: dict[str, Array], model: Model, found: Gradients) -> Array:
    """Of `forward.attention`: `[n_seq, n_embd]` -> the same."""
    at, places, n_head = f"blocks.{layer}.attn", found.places, model.config.n_head
    q, k, v, pattern, z = (trace[f"{at}.hook_{name}"] for name in ("q", "k", "v", "pattern", "z"))
    d_joined = linear_backward(f"h.{layer}.attn.c_proj", d_out, join_heads(z), model, found)  # -> [n_seq, n_embd]
    dz = d_joined.reshape(*d_joined.shape[:-1], n_head, -1).swapaxes(-2, -3)  # -> [n_head, n_seq, d_head]
    dv = pattern.swapaxes(-1, -2) @ dz
    d_pattern = dz @ v.swapaxes(-1, -2)  # -> [n_head, n_seq, n_seq]
    d_scores = softmax_backward(d_pattern, pattern)
    scale = 1 / model.config.score_divisor(layer)
    dq, dk = d_scores @ k * scale, d_scores.swapaxes(-1, -2) @ q * scale  # -> 2 x [n_head, n_seq, d_head]
    for name, value in (("z", dz), ("pattern", d_pattern), ("attn_scores", d_scores), ("q", dq), ("k", dk), ("v", dv)):
        places[f"{at}.hook_{name}"] = value
    d_qkv = np.concatenate([join_heads(part) for part in (dq, dk, dv)], axis=-1)  # -> [n_seq, 3*n_embd]
    x = trace[f"blocks.{layer}.ln1.hook_normalized"]
    return linear_backward(f"h.{layer}.attn.c_attn", d_qkv, x, model, found)  # -> [n_seq, n_embd]


def linear_backward(name: str, dy: Array, x: Array, model: Model, found: Gradients) -> Array:
    """Of `y = x @ W + b`: `[n_seq, n_out]` -> `[n_seq, n_in]`."""
    if found.weights is not None:
        rows, d_rows = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
        found.weights[f"{name}.weight"] = rows.T @ d_rows  # -> [n_in, n_out]
        found.weights[f"{name}.bias"] = d_rows.sum(axis=0)
    return dy @ model[f"{name}.weight"].T


def layer_norm_backward(dy: Array, x: Array, name: str, model: Model, found: Gradients) -> Array:
    """A change of all channels alike, and a change along the row itself, are taken out by the normalization."""
    x = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(x, dtype=np.float64).mean(axis=-1, keepdims=True)
    scale = np.sqrt(variance + model.config.layer_norm_epsilon).astype(x.dtype)  # [n_seq, 1]
    x = x / scale
    if found.weights is not None:
        tokens = tuple(range(dy.ndim - 1))
        found.weights[f"{name}.weight"] = (dy * x).sum(axis=tokens)
        found.weights[f"{name}.bias"] = dy.sum(axis=tokens)
    dx = dy * model[f"{name}.weight"]
    dx = dx - dx.mean(axis=-1, keepdims=True) - x * (dx * x).mean(axis=-1, keepdims=True)
    return np.asarray(dx / scale)


def softmax_backward(dy: Array, y: Array) -> Array:
    """Of `y = softmax(x)`, over the last axis."""
    dx = dy * y
    return dx - y * dx.sum(axis=-1, keepdims=True)


@np.errstate(over="ignore")  # where x is so large that the slope is 1 or 0
def gelu_slope(x: Array) -> Array:
    """The derivative of `forward.gelu`: x s with s = 1 / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3)."""
    root = math.sqrt(2 / math.pi)
    square = x * x  # NumPy takes twenty times as long for x**3
    s = 1 / (1 + np.exp(-2 * root * (x + 0.044715 * x * square)))
    return np.asarray(s + x * s * (1 - s) * 2 * root * (1 + 3 * 0.044715 * square))


def exact_gelu_slope(x: Array) -> Array:
    """The derivative of `exact_gelu`: the cumulative normal distribution at x, plus x times the density."""
    cumulative = np.divide(exact_gelu(x), x, out=np.full_like(x, 0.5), where=x != 0)
    return cumulative + x * np.exp(-x * x / 2) / np.asarray(math.sqrt(2 * math.pi), x.dtype)


def relu_slope(x: Array) -> Array:
    """The derivative of ReLU."""
    return (x > 0).astype(x.dtype)


SLOPES: Mapping[Activation, Callable[[Array], Array]] = {
    "gelu_new": gelu_slope,
    "gelu": exact_gelu_slope,
    "relu": relu_slope,
}


def through_unembedding(d_logits: Array, model: Model) -> Array:
    """`d_logits @ W` for the unembedding `W`: `[n_prompts, n_vocab]` -> `[n_prompts, n_embd]`.

    Only the rows of `W` that matter are read.
    """
    tokens = np.flatnonzero((d_logits != 0).any(axis=0))
    if len(tokens) < d_logits.shape[1] // 8:
        return d_logits[:, tokens] @ model.rows(model.config.unembedding, tokens.tolist())
    return product(d_logits, model[model.config.unembedding])
