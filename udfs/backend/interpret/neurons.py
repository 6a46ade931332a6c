"""Neurons: what each hidden unit of the MLPs adds to a token's logit at the last position, and what it writes.

An MLP's output is a sum over its neurons: activation times the neuron's row of c_proj. With ln_f's scale frozen, as in
direct logit attribution, each neuron's part of the logit follows. The parts and the bias sum to the MLP's.

Source: Geva et al. 2021, "Transformer Feed-Forward Layers Are Key-Value Memories".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.attribution import logit_direction, unembed_difference
from udfs.backend.next_token import top
from udfs.backend.stream import residual_stream, trace_block


class Neuron(NamedTuple):
    """A neuron at the last position.

    logit: what it adds to the logit
    fires_at: the position of the prompt at which it is most active
    writes: the tokens whose logits its row of c_proj raises most, times the sign of its activation
    """

    layer: int
    neuron: int
    activation: float
    logit: float
    fires_at: int
    writes: list[int]


class Neurons(NamedTuple):
    """The neurons that add or take most, the largest first, and the sums over all neurons and biases of the layers."""

    strongest: list[Neuron]
    of_neurons: float
    of_biases: float


def neurons(
    ids: Sequence[int],
    target: int,
    model: Model,
    layers: Sequence[int],
    count: int,
    written: int,
    against: int | None = None,
) -> Neurons:
    """The `count` neurons of these layers that add most to the target's logit or take most from it.

    against: a second token, whose logit is subtracted first
    written: how many tokens to give for each neuron
    """
    stream = residual_stream(ids, model)
    direction = logit_direction(_left(stream, model), unembed_difference(target, against, model), model)  # [n_embd]
    active = [_activations(layer, stream, model) for layer in layers]  # each [n_seq, n_inner]
    names = [f"h.{layer}.mlp.c_proj" for layer in layers]
    parts = np.stack(
        [post[-1] * (model[f"{name}.weight"] @ direction) for post, name in zip(active, names, strict=True)]
    )  # [n_layers, n_inner]
    largest = np.argsort(-np.abs(parts), axis=None, kind="stable")[:count]
    strongest = []
    for row, neuron in zip(*(places.tolist() for places in np.unravel_index(largest, parts.shape)), strict=True):
        post = active[row][:, neuron]
        direction_written = model[f"{names[row]}.weight"][neuron] * np.sign(post[-1])
        writes = top(_unembedded(direction_written, model), written).tolist()
        strongest.append(
            Neuron(layers[row], neuron, float(post[-1]), float(parts[row, neuron]), int(post.argmax()), writes)
        )
    biases = sum(float(model[f"{name}.bias"] @ direction) for name in names)
    return Neurons(strongest, float(parts.sum()), biases)


def _left(stream: Sequence[Array], model: Model) -> Array:
    """The last row of the stream that ln_f reads."""
    last = model.config.n_layer - 1
    return np.asarray(trace_block(last, stream[last], model)[f"blocks.{last}.hook_resid_post"][-1])


def _activations(layer: int, stream: Sequence[Array], model: Model) -> Array:
    return np.asarray(trace_block(layer, stream[layer], model)[f"blocks.{layer}.mlp.hook_post"])


def _unembedded(vector: Array, model: Model) -> Array:
    """What a vector in the final stream adds to each logit, up to ln_f's scale: `[n_embd]` -> `[n_vocab]`."""
    weighted = (vector - vector.mean()) * model["ln_f.weight"]
    return np.asarray(model.linear("lm_head")(weighted[None].astype(model.dtype))[0])
