"""Path patching: what one head passes on to others directly, and how much of an answer each of these paths restores.

Activation patching lets a patched value act along all paths. Here it acts along one: the sender gives its value of the
clean run, all heads after it are held at their corrupted values, and only what the MLPs and the stream make of that
reaches the receiver's query, key or value. A second run gets just this query, key or value.

Source: Wang et al. 2022, "Interpretability in the Wild: a Circuit for Indirect Object Identification in GPT-2 Small".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.interpret.circuits import Part
from udfs.backend.interpret.patching import Pair, corrupted_ends
from udfs.backend.interpret.places import Component
from udfs.backend.stream import block, trace_block

INPUTS = ("q", "k", "v")


class Path(NamedTuple):
    """The shares that a head's query, key and value restore, each by itself."""

    receiver: Part
    q: float
    k: float
    v: float


class Paths(NamedTuple):
    """`logits`: the share that the sender restores without any later head. `to_heads`: a path for each receiver."""

    logits: float
    to_heads: list[Path]


def path_patch(pair: Pair, sender: Component, receivers: Iterable[Part]) -> Paths:
    """The share of the answer that each path from the sender restores, in the order of the forward pass.

    Raises ModelError if the sender is not a head, or if a receiver is not a head of a later block.
    """
    if sender.head is None:
        raise ModelError(f"sender must be a head such as h.9.attn.head.1, not {sender}")
    chosen = sorted(receivers, key=lambda part: (part.layer, -1 if part.head is None else part.head))
    for part in chosen:
        if part.head is None or part.layer <= sender.layer:
            name = Component(part.layer, "mlp" if part.head is None else "attn", part.head)
            raise ModelError(f"receivers must be heads of blocks after {sender.layer}, that of sender, not {name}")
    arrives, end = _through_frozen_heads(pair, sender)
    found = []
    for layer in sorted({part.layer for part in chosen}):
        heads = [part for part in chosen if part.layer == layer]
        shares = _received(layer, [part.head or 0 for part in heads], arrives, pair)  # [n_heads, 3]
        found += [Path(part, *row) for part, row in zip(heads, shares.tolist(), strict=True)]
    return Paths(float(pair.restored(end)[0]), found)


def later_heads(sender: Component, pair: Pair) -> list[Part]:
    """Every head of every block after the sender's."""
    config = pair.model.config
    return [Part(layer, head) for layer in range(sender.layer + 1, config.n_layer) for head in range(config.n_head)]


def _through_frozen_heads(pair: Pair, sender: Component) -> tuple[dict[str, Array], Array]:
    """The queries, keys and values of later heads by place, and the last row of the final stream, `[1, n_embd]`.

    The corrupted run with the sender's z of the clean run. Later heads give their z of the corrupted run.
    """
    arrives: dict[str, Array] = {}
    z = f"blocks.{sender.layer}.attn.hook_z"
    clean = trace_block(sender.layer, pair.clean_stream[sender.layer], pair.model)[z][sender.head]
    corrupted = {}
    for layer in range(sender.layer + 1, pair.model.config.n_layer):
        place = f"blocks.{layer}.attn.hook_z"
        corrupted[place] = trace_block(layer, pair.corrupted_stream[layer], pair.model)[place]

    def hook(place: str, value: Array) -> Array:
        if place == z:
            value = value.copy()
            value[sender.head] = clean
        if place.endswith(("hook_q", "hook_k", "hook_v")):
            arrives[place] = value
        return corrupted.get(place, value)

    residual = pair.corrupted_stream[sender.layer]
    for layer in range(sender.layer, pair.model.config.n_layer):
        residual = block(layer, residual, pair.model, hook)
    return arrives, residual[-1:]


def _received(layer: int, heads: list[int], arrives: dict[str, Array], pair: Pair) -> Array:
    """The shares restored by corrupted runs in which one query, key or value is as it arrived: `[n_heads, 3]`."""
    start = pair.first
    places = [f"blocks.{layer}.attn.hook_{name}" for name in INPUTS]

    def hook(place: str, value: Array) -> Array:
        if place in places:
            value = value.copy()  # [n_runs, n_head, n_seq - start, d_head]
            for number, head in enumerate(heads):
                value[number * len(INPUTS) + places.index(place), head] = arrives[place][head, start:]
        return value

    ends = corrupted_ends(layer, len(heads) * len(INPUTS), start, hook, pair)
    return pair.restored(ends).reshape(len(heads), len(INPUTS))
