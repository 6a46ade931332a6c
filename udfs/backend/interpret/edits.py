"""Operations on a model: on its weights, and additions to its stream.

An edited model shares every array that no operation touches. What an operation must compute with the model (a mean over
prompts, a contrast of two) it computes with the model as the operations before it left it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.config import Config
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.prompts import prompt_ids
from udfs.backend.interpret.additions import Addition, Positions, scaled
from udfs.backend.interpret.places import Place, check_index, parse_place, value_at
from udfs.backend.interpret.steering_vectors import Vector, text_of

_HEAD = re.compile(r"h\.(\d+)\.attn\.head\.(\d+)")
_HALF = re.compile(r"h\.(\d+)\.(attn|mlp)")
_STREAM = re.compile(r"blocks\.\d+\.hook_(?:resid_pre|resid_mid|resid_post|attn_out|mlp_out)")


@dataclass(frozen=True)
class SetWeight:
    """One weight of one tensor gets a value: `set h.0.mlp.c_fc.bias[17] = 0.5`."""

    parameter: str
    index: tuple[int, ...]
    value: float

    def __str__(self) -> str:
        return f"set {self.parameter}[{', '.join(map(str, self.index))}] = {number_text(self.value)}"

    def changes(self, model: Model) -> dict[str, Array]:
        """The tensor with that weight set. Raises ModelError for an unknown parameter or index."""
        shape = check_parameter(self.parameter, model.config)
        if len(self.index) != len(shape):
            wanted = "[row, column]" if len(shape) == 2 else "[index]"
            raise ModelError(f"{self.parameter} must be given as {self.parameter}{wanted}")
        for what, index, count in zip(
            ("row", "column") if len(shape) == 2 else ("index",), self.index, shape, strict=True
        ):
            check_index(f"{what} of {self.parameter}", index, count)
        edited = model[self.parameter].copy()
        edited[self.index] = self.value
        return {self.parameter: edited}


@dataclass(frozen=True)
class Scale:
    """What a head, an attention or an MLP writes to the stream is multiplied: `scale h.9.attn.head.1 by 0`.

    A head's output is its z through its rows of c_proj; by 0 it writes nothing at all (c_proj's bias, which the
    heads share, stays). TransformerLens with folded weights keeps a constant there (its value biases).
    """

    what: str
    factor: float

    def __str__(self) -> str:
        return f"scale {self.what} by {number_text(self.factor)}"

    def changes(self, model: Model) -> dict[str, Array]:
        """c_proj scaled, whole or the rows of one head. Raises ModelError for an unknown component."""
        factor = model.dtype.type(self.factor)
        component = _component(self.what, "scale", model)
        weight, bias = model[f"{component.layer_name}.weight"], model[f"{component.layer_name}.bias"]
        if component.is_head:
            edited = weight.copy()
            edited[component.rows] *= factor
            return {f"{component.layer_name}.weight": edited}
        return {f"{component.layer_name}.weight": weight * factor, f"{component.layer_name}.bias": bias * factor}


@dataclass(frozen=True)
class Mean:
    """What a head, an attention or an MLP writes becomes its mean: `mean h.9.attn.head.1 over ["one", "two"]`.

    The mean is over all tokens of all prompts, each counting the same. Its rows of c_proj become zero, and the mean is
    added to the bias.
    """

    what: str
    prompts: tuple[str, ...]

    def __str__(self) -> str:
        return f"mean {self.what} over {text_of(list(self.prompts))}"

    def changes(self, model: Model) -> dict[str, Array]:
        """c_proj and its bias. Raises ModelError for an unknown component and for prompts that cannot be read."""
        component = _component(self.what, "mean", model)
        inputs = [value_at(component.input, prompt_ids(text, model), model) for text in self.prompts]
        mean = np.vstack(inputs).mean(axis=0)  # [n_tokens, n_in] -> [n_in]
        weight, bias = model[f"{component.layer_name}.weight"].copy(), model[f"{component.layer_name}.bias"]
        moved = bias + mean[component.rows] @ weight[component.rows]  # [n_rows] @ [n_rows, n_embd] -> [n_embd]
        weight[component.rows] = 0
        return {f"{component.layer_name}.weight": weight, f"{component.layer_name}.bias": moved}


@dataclass(frozen=True)
class Add:
    """A vector added to the stream wherever the model runs: `add 30 * sae(2, 7650) to h.2 at all`."""

    coefficient: float
    vector: Vector
    place: str
    positions: Positions

    def __str__(self) -> str:
        return f"add {number_text(self.coefficient)} * {self.vector} to {self.place} at {self.positions}"

    def addition(self, model: Model) -> Addition:
        """What the forward pass adds. Raises ModelError where the place is none of the stream, or the vector none."""
        place = stream_place(parse_place(self.place, model.config))
        assert place.layer is not None
        rows = scaled(self.coefficient, self.vector.rows(place, model).astype(model.dtype, copy=False))
        return Addition(place.hook, place.layer, rows, self.positions)


Operation: TypeAlias = SetWeight | Scale | Mean | Add


def operate(model: Model, operation: Operation) -> Model:
    """The model after one operation, which its text then ends with."""
    text = f"{model.text} ; {operation}"
    if isinstance(operation, Add):
        return replace(model, text=text, additions=(*model.additions, operation.addition(model)))
    tensors = model.tensors.with_changes(operation.changes(model))
    return replace(model, text=text, tensors=tensors, layers=model.layers.edited(tensors))


def stream_place(place: Place) -> Place:
    """The place where it is one of the stream, or of what is added to it; ModelError elsewhere."""
    if place.head is not None or not _STREAM.fullmatch(place.hook):
        raise ModelError(
            f"place must be one of the stream, such as h.2, h.2.mid, h.2.attn or h.2.mlp, not {place.hook}"
        )
    return place


@dataclass(frozen=True)
class _Component:
    """A head, an attention or an MLP: its output layer, the place of that layer's input, its rows of the weights."""

    layer_name: str
    input: Place
    rows: slice
    is_head: bool


def _component(what: str, operation: str, model: Model) -> _Component:
    config = model.config
    if match := _HEAD.fullmatch(what):
        layer = check_index("layer", int(match[1]), config.n_layer)
        first = check_index("head", int(match[2]), config.n_head) * config.d_head
        z = Place(f"blocks.{layer}.attn.hook_z", layer)
        return _Component(f"h.{layer}.attn.c_proj", z, slice(first, first + config.d_head), is_head=True)
    if match := _HALF.fullmatch(what):
        layer = check_index("layer", int(match[1]), config.n_layer)
        hook = "attn.hook_z" if match[2] == "attn" else "mlp.hook_post"
        written_from = Place(f"blocks.{layer}.{hook}", layer)
        return _Component(f"h.{layer}.{match[2]}.c_proj", written_from, slice(None), is_head=False)
    raise ModelError(f"{operation} takes h.9.attn.head.1, h.9.attn or h.9.mlp, not {what!r}")


def check_parameter(name: str, config: Config) -> tuple[int, ...]:
    """The shape of a tensor; ModelError where the model has none of that name."""
    shape = config.shapes().get(name)
    if shape is None:
        raise ModelError(f"parameter must be a tensor such as h.0.attn.c_attn.weight, not {name!r}")
    return shape


def number_text(value: float) -> str:
    """A number as the model text writes it: short, and read back to the same number."""
    if not math.isfinite(value):
        raise ModelError(f"a model text takes finite numbers only, not {value}")
    return repr(value).removesuffix(".0")
