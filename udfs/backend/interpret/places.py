"""Names of places in the model, as a person writes them, and the values that stand there.

A place answers to TransformerLens's name (`blocks.2.hook_resid_pre`) and to a short one in the style of the
checkpoint's tensor names (`h.2`); `NAMES` has both. One head of a block is `h.2.attn.head.0` (what it adds to the
stream) and `h.2.attn.head.0.pattern` (likewise `q`, `k`, `v`, `z`, `scores`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.config import Config
from udfs.backend.gpt2.forward import layer_norm, trace_block, trace_embedding
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.runs import run

# Short name -> TransformerLens's; L is the layer's number. Order is the order of the forward pass.
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
_LAYER = re.compile(r"(?<=^h\.)\d+|(?<=^blocks\.)\d+")
_HEAD = re.compile(r"h\.(\d+)\.attn\.head\.(\d+)(?:\.(q|k|v|z|scores|pattern))?")
_RESULT = "hook_result"


@dataclass(frozen=True)
class Place:
    """One place: TransformerLens's name, the layer that it is in, and the head where only one is meant."""

    hook: str
    layer: int | None = None
    head: int | None = None


def parse_place(text: str, config: Config) -> Place:
    """The place that a name means in a model of this shape; ModelError where there is none."""
    name = text.strip()
    if match := _HEAD.fullmatch(name):
        layer = check_index("layer", int(match[1]), config.n_layer)
        head = check_index("head", int(match[2]), config.n_head)
        hook = NAMES[f"h.L.attn.{match[3]}"].replace("L", str(layer)) if match[3] else f"blocks.{layer}.attn.{_RESULT}"
        return Place(hook, layer, head)
    if name == f"h.{config.n_layer}":  # the stream after the last block
        return Place(f"blocks.{config.n_layer - 1}.hook_resid_post", config.n_layer - 1)
    template = _TEMPLATES.get(_LAYER.sub("L", name))
    number = _LAYER.search(name)
    if template is None or ("L" in template) != (number is not None):
        raise ModelError(f"place must be one such as h.2, h.2.attn.pattern or blocks.2.hook_resid_pre, not {name!r}")
    if number is None:
        return Place(template)
    layer = check_index("layer", int(number[0]), config.n_layer)
    return Place(template.replace("L", str(layer)), layer)


def short_name(place: Place) -> str:
    """The place's name in the style of the checkpoint, `h.2` for `blocks.2.hook_resid_pre`; for one without a head."""
    template = place.hook.replace(f"blocks.{place.layer}.", "blocks.L.")
    name = next(short for short, hook in NAMES.items() if hook == template)
    return name.replace("L", str(place.layer))


def check_index(what: str, index: int, count: int) -> int:
    """The index where it is one of `count` that are counted from 0; ModelError otherwise."""
    if not 0 <= index < count:
        raise ModelError(f"{what} must be 0 to {count - 1}, not {index}")
    return index


def value_at(place: Place, ids: Sequence[int], model: Model) -> Array:
    """What stands at a place when the model reads these ids, one row a token.

    Heads stand side by side: `[n_seq, n_embd]` for q, k, v, z, and `[n_seq, n_head*n_seq]` for scores and patterns.
    """
    stream = run(ids, model).stream
    if place.hook == "ln_final.hook_normalized":
        return layer_norm(stream[-1], "ln_f", model)
    seen = trace_embedding(ids, model) if place.layer is None else trace_block(place.layer, stream[place.layer], model)
    if place.hook.endswith(_RESULT):
        return _head_result(seen[place.hook.replace(_RESULT, "hook_z")], place, model)
    value = seen[place.hook]
    if place.head is not None:
        return value[place.head]
    return value if value.ndim == 2 else np.hstack(list(value))


def _head_result(z: Array, place: Place, model: Model) -> Array:
    """What one head adds to the stream, `[n_seq, n_embd]`: its z through its own rows of c_proj, without the bias."""
    assert place.head is not None
    d_head = model.config.d_head
    rows = slice(place.head * d_head, (place.head + 1) * d_head)
    return z[place.head] @ model[f"h.{place.layer}.attn.c_proj.weight"][rows]
