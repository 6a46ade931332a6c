"""Direct logit attribution: how much each part of the model adds to a token's logit.

The final stream is a sum of embeddings, heads, biases, MLPs, and the changes that a model text makes. With ln_f's scale
frozen at its value for that stream, ln_f and the unembedding are linear, so the logit is a sum of the same parts.

Sources: Elhage et al. 2021 ("A Mathematical Framework for Transformer Circuits"); `ActivationCache.logit_attrs` of
TransformerLens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.forward import no_hook
from udfs.backend.gpt2.interventions import with_interventions
from udfs.backend.gpt2.model import Model
from udfs.backend.stream import residual_stream, trace_block, trace_embedding


class Part(NamedTuple):
    """What one part of the model adds to the logit. `layer` and `head` are None for a part outside blocks and heads."""

    name: str
    layer: int | None
    head: int | None
    logit: float


def attribution(ids: Sequence[int], target: int, model: Model, against: int | None = None) -> list[Part]:
    """The parts of the target's logit after these ids, in the order of the forward pass; they sum to the logit.

    With `against`, the parts of the difference: the target's logit minus the other token's.
    """
    seen = trace_last(ids, model)
    n_layer = model.config.n_layer
    unembedding = unembed_difference(target, against, model)
    direction = logit_direction(seen[f"blocks.{n_layer - 1}.hook_resid_post"], unembedding, model)

    def part(name: str, value: Array, layer: int | None = None) -> Part:
        return Part(name, layer, None, float(value @ direction))

    changes = _changes(ids, model)

    def changed(layer: int, *hooks: str) -> list[Part]:
        places = [f"blocks.{layer}.{hook}" for hook in hooks]
        return [part(f"added at {place}", changes[place], layer) for place in places if place in changes]

    parts = [part("wte", seen["hook_embed"]), part("wpe", seen["hook_pos_embed"])]
    for layer in range(n_layer):
        bias, mlp_out = f"h.{layer}.attn.c_proj.bias", f"blocks.{layer}.hook_mlp_out"
        parts += changed(layer, "hook_resid_pre")
        parts += _heads(layer, seen[f"blocks.{layer}.attn.hook_z"], direction, model)
        parts += [part(bias, model[bias], layer), *changed(layer, "hook_attn_out", "hook_resid_mid")]
        parts.append(part(f"h.{layer}.mlp", seen[mlp_out] - changes.get(mlp_out, 0), layer))
        parts += changed(layer, "hook_mlp_out", "hook_resid_post")
    return [*parts, Part("ln_f.bias", None, None, float(model["ln_f.bias"] @ unembedding))]


def _changes(ids: Sequence[int], model: Model) -> dict[str, Array]:
    """What the model text adds to the stream at the last token, by place: `[n_embd]` each."""
    changes: dict[str, Array] = {}
    places = {intervention.hook for intervention in model.interventions}
    change = with_interventions(no_hook, model.interventions, 0, len(ids))

    def record(place: str, value: Array) -> Array:
        after = change(place, value)
        if place in places:
            changes[place] = after[-1] - value[-1]
        return after

    stream = residual_stream(ids, model) if places else ()
    for layer in {intervention.layer for intervention in model.interventions}:
        forward.block(layer, stream[layer], model, record)
    return changes


def trace_last(ids: Sequence[int], model: Model) -> dict[str, Array]:
    """Every value of the last token, by TransformerLens's name, without the axis of tokens."""
    seen = trace_embedding(ids, model)
    for layer, residual in enumerate(residual_stream(ids, model)[:-1]):
        seen |= trace_block(layer, residual, model)
    return {place: value[..., -1, :] for place, value in seen.items()}


def unembed_difference(target: int, against: int | None, model: Model) -> Array:
    """The target's row of the unembedding, minus the other token's if there is one: `[n_embd]`."""
    row: Array = model.rows(model.config.unembedding, [target])[0]
    return row if against is None else row - model.rows(model.config.unembedding, [against])[0]


def logit_direction(final: Array, unembedding: Array, model: Model) -> Array:
    """The vector whose product with a part of the final stream is its part of the logit: `[n_embd]`, float64.

    LayerNorm subtracts the mean of every part, divides all parts by one scale, and multiplies them by its weight.
    """
    scale = np.sqrt(final.astype(np.float64).var() + model.config.layer_norm_epsilon)
    weighted = (model["ln_f.weight"] * unembedding).astype(np.float64)
    return (weighted - weighted.mean()) / scale


def _heads(layer: int, z: Array, direction: Array, model: Model) -> list[Part]:
    """Each head's part: its z `[d_head]` through its rows of c_proj."""
    through = model[f"h.{layer}.attn.c_proj.weight"] @ direction  # [n_embd, n_embd] -> [n_embd]
    logits = (z * through.reshape(z.shape)).sum(axis=-1)  # [n_head, d_head] -> [n_head]
    return [Part(f"h.{layer}.attn.head.{head}", layer, head, float(logit)) for head, logit in enumerate(logits)]
