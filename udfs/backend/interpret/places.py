"""Names of places in the model, as a person writes them, and the values at these places.

A place answers to TransformerLens's name (`blocks.2.hook_resid_pre`) and to a short one in the style of the
checkpoint's tensor names (`h.2`); `NAMES` lists both. `h.2.attn.head.0` is what one head adds to the stream, and
`h.2.attn.head.0.pattern` its pattern (likewise `q`, `k`, `v`, `z`, `scores`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError, quoted
from udfs.backend.gpt2.config import Config
from udfs.backend.gpt2.forward import layer_norm
from udfs.backend.gpt2.model import Model
from udfs.backend.stream import residual_stream, trace_block, trace_embedding

# Short name -> TransformerLens's name, in the order of the forward pass; L is the number of the block.
NAMES = {
    "wte": "hook_embed",
    "wpe": "hook_pos_embed",
    "h.L": "blocks.L.hook_resid_pre",
    "h.L.ln_1": "blocks.L.ln1.hook_normalized",
    "h.L.attn.q": "blocks.L.attn.hook_q",
    "h.L.attn.k": "blocks.L.attn.hook_k",
    "h.L.attn.v": "blocks.L.attn.hook_v",
    "h.L.attn.scores": "blocks.L.attn.hook_attn_scores",
    "h.L.attn.pattern": "blocks.L.attn.hook_pattern",
    "h.L.attn.z": "blocks.L.attn.hook_z",
    "h.L.attn": "blocks.L.hook_attn_out",
    "h.L.mid": "blocks.L.hook_resid_mid",
    "h.L.ln_2": "blocks.L.ln2.hook_normalized",
    "h.L.mlp.pre": "blocks.L.mlp.hook_pre",
    "h.L.mlp.post": "blocks.L.mlp.hook_post",
    "h.L.mlp": "blocks.L.hook_mlp_out",
    "h.L.out": "blocks.L.hook_resid_post",
    "ln_f": "ln_final.hook_normalized",
}
_TEMPLATES = NAMES | {hook: hook for hook in NAMES.values()}
_LAYER = r"(?:(?<=^h\.)|(?<=^blocks\.))\d{1,6}(?!\d)"
_COMPONENT = r"h\.(\d{1,6})\.(?:(mlp)|attn(?:\.head\.(\d{1,6}))?)"
_HEAD = r"(h\.\d{1,6}\.attn\.head\.\d{1,6})(?:\.(q|k|v|z|scores|pattern))?"
_STREAM = r"blocks\.\d+\.hook_(?:resid_pre|resid_mid|resid_post|attn_out|mlp_out)"
_RESULT = "hook_result"

Half: TypeAlias = Literal["attn", "mlp"]


class Place(NamedTuple):
    """One place: TransformerLens's name, its block, and the head if it is that of one head."""

    hook: str
    layer: int | None = None
    head: int | None = None


class Component(NamedTuple):
    """A part of a block that writes to the stream: an attention, one of its heads, or an MLP."""

    layer: int
    half: Half
    head: int | None = None

    def __str__(self) -> str:
        return f"h.{self.layer}.{self.half}" + ("" if self.head is None else f".head.{self.head}")


def parse_component(name: str, config: Config, argument: str) -> Component:
    """The component that `h.9.attn.head.1`, `h.9.attn` or `h.9.mlp` names.

    Raises ModelError, which begins with the argument's name, for any other name.
    """
    match = re.fullmatch(_COMPONENT, name.strip())
    if match is None:
        raise ModelError(f"{argument}: a component is h.9.attn.head.1, h.9.attn or h.9.mlp, not {quoted(name)}")
    layer = check_index(f"{argument}: layer", int(match[1]), config.n_layer)
    if match[2]:
        return Component(layer, "mlp")
    head = None if match[3] is None else check_index(f"{argument}: head", int(match[3]), config.n_head)
    return Component(layer, "attn", head)


def parse_place(text: str, config: Config) -> Place:
    """The place that a name means in a model of this shape. Raises ModelError if the name is unknown."""
    name = text.strip()
    if match := re.fullmatch(_HEAD, name):
        component = parse_component(match[1], config, "place")
        template = NAMES[f"h.L.attn.{match[2]}"] if match[2] else f"blocks.L.attn.{_RESULT}"
        return Place(template.replace("L", str(component.layer)), component.layer, component.head)
    if name == f"h.{config.n_layer}":  # the stream after the last block
        return Place(f"blocks.{config.n_layer - 1}.hook_resid_post", config.n_layer - 1)
    template = _TEMPLATES.get(re.sub(_LAYER, "L", name), "")
    number = re.search(_LAYER, name)
    if not template or ("L" in template) != (number is not None):
        raise ModelError(
            f"place must be a name such as h.2, h.2.attn.pattern or blocks.2.hook_resid_pre, not {quoted(name)}"
        )
    if number is None:
        return Place(template)
    layer = check_index("layer", int(number[0]), config.n_layer)
    return Place(template.replace("L", str(layer)), layer)


def stream_place(place: Place) -> Place:
    """The place itself if it is in the stream or is added to it. Raises ModelError otherwise."""
    if place.head is not None or not re.fullmatch(_STREAM, place.hook):
        raise ModelError(f"place must be in the stream, such as h.2, h.2.mid, h.2.attn or h.2.mlp, not {place.hook}")
    return place


def short_name(place: Place) -> str:
    """The place's name in the style of the checkpoint, `h.2` for `blocks.2.hook_resid_pre`, without a head."""
    template = place.hook.replace(f"blocks.{place.layer}.", "blocks.L.")
    name = next(short for short, hook in NAMES.items() if hook == template)
    return name.replace("L", str(place.layer))


def check_index(what: str, index: int, count: int) -> int:
    """The index itself if it is 0 to count - 1. Raises ModelError otherwise."""
    if not 0 <= index < count:
        raise ModelError(f"{what} must be 0 to {count - 1}, not {index}")
    return index


def value_at(place: Place, ids: Sequence[int], model: Model) -> Array:
    """The value at a place when the model reads these ids, one row per token.

    The heads of q, k, v and z are side by side, `[n_seq, n_embd]`, and so are those of scores and patterns,
    `[n_seq, n_head*n_seq]`.
    """
    if place.layer is None:
        if place.hook in (NAMES["wte"], NAMES["wpe"]):
            return trace_embedding(ids, model)[place.hook]
        return layer_norm(residual_stream(ids, model)[-1], "ln_f", model)
    seen = trace_block(place.layer, residual_stream(ids, model)[place.layer], model)
    if place.hook.endswith(_RESULT):
        return _head_result(seen[place.hook.replace(_RESULT, "hook_z")], place, model)
    value = seen[place.hook]
    if place.head is not None:
        return value[place.head]
    return value if value.ndim == 2 else np.hstack(list(value))


def head_channels(head: int, config: Config) -> slice:
    """The channels of one head among those of all heads side by side: its rows of c_proj."""
    return slice(head * config.d_head, (head + 1) * config.d_head)


def _head_result(z: Array, place: Place, model: Model) -> Array:
    """What one head adds to the stream, `[n_seq, n_embd]`: its z through its rows of c_proj, without the bias."""
    assert place.head is not None
    rows = head_channels(place.head, model.config)
    return z[place.head] @ model[f"h.{place.layer}.attn.c_proj.weight"][rows]
