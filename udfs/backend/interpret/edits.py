"""Operations on a model: edits of its weights, and interventions in its residual stream.

An edited model shares every array that no operation touches. If an operation has to compute something with the model (a
mean over prompts, the contrast of two prompts), it uses the model as the operations before it have left it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np

from udfs.backend import interpret
from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError, quoted
from udfs.backend.gpt2.config import Config
from udfs.backend.gpt2.interventions import Addition, Intervention, Positions, scaled
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.prompts import prompt_ids
from udfs.backend.interpret import sae
from udfs.backend.interpret.clamping import Clamp, Removal
from udfs.backend.interpret.places import (
    Component,
    Place,
    check_index,
    head_channels,
    parse_component,
    parse_place,
    stream_place,
    value_at,
)
from udfs.backend.interpret.steering_vectors import SaeFeature, Vector, text_of


class SetWeight(NamedTuple):
    """Sets one weight of one tensor: `set h.0.mlp.c_fc.bias[17] = 0.5`."""

    parameter: str
    indices: tuple[int, ...]
    value: float

    def __str__(self) -> str:
        return f"set {self.parameter}[{', '.join(map(str, self.indices))}] = {number_text(self.value)}"

    def changes(self, model: Model) -> dict[str, Array]:
        """The tensor with that weight set. Raises ModelError for an unknown parameter or index."""
        shape = check_parameter(self.parameter, model.config)
        axes = ("row", "column") if len(shape) == 2 else ("index",)
        if len(self.indices) != len(shape):
            raise ModelError(f"{self.parameter} must be given as {self.parameter}[{', '.join(axes)}]")
        for what, index, count in zip(axes, self.indices, shape, strict=True):
            check_index(f"{what} of {self.parameter}", index, count)
        edited = model[self.parameter].copy()
        edited[self.indices] = self.value
        return {self.parameter: edited}


class Scale(NamedTuple):
    """Multiplies what a head, an attention or an MLP writes to the stream: `scale h.9.attn.head.1 by 0`.

    A head writes its z through its rows of c_proj. By 0 it writes nothing at all; c_proj's bias, which the heads share,
    stays. TransformerLens with folded weights keeps a constant there, from the head's value biases.
    """

    what: str
    factor: float

    def __str__(self) -> str:
        return f"scale {self.what} by {number_text(self.factor)}"

    def changes(self, model: Model) -> dict[str, Array]:
        """c_proj scaled: whole, or the rows of one head. Raises ModelError for an unknown component."""
        factor = model.dtype.type(self.factor)
        component = parse_component(self.what, model.config, "scale")
        layer = _output_layer(component)
        weight, bias = model[f"{layer}.weight"], model[f"{layer}.bias"]
        if component.head is None:
            return {f"{layer}.weight": weight * factor, f"{layer}.bias": bias * factor}
        edited = weight.copy()
        edited[_rows(component, model.config)] *= factor
        return {f"{layer}.weight": edited}


class Mean(NamedTuple):
    """Replaces what a head, an attention or an MLP writes with its mean: `mean h.9.attn.head.1 over ["one", "two"]`.

    The mean is over all tokens of all prompts, each counting the same. The component's rows of c_proj become zero, and
    the mean goes into the bias.
    """

    what: str
    prompts: tuple[str, ...]

    def __str__(self) -> str:
        return f"mean {self.what} over {text_of(list(self.prompts))}"

    def changes(self, model: Model) -> dict[str, Array]:
        """c_proj and its bias. Raises ModelError for an unknown component and for prompts that cannot be read."""
        component = parse_component(self.what, model.config, "mean")
        layer, rows = _output_layer(component), _rows(component, model.config)
        hook = "attn.hook_z" if component.half == "attn" else "mlp.hook_post"
        place = Place(f"blocks.{component.layer}.{hook}", component.layer)
        inputs = [value_at(place, prompt_ids(text, model), model) for text in self.prompts]
        mean = np.vstack(inputs).mean(axis=0)  # [n_tokens, n_in] -> [n_in]
        weight, bias = model[f"{layer}.weight"].copy(), model[f"{layer}.bias"]
        moved = bias + mean[rows] @ weight[rows]  # [n_rows] @ [n_rows, n_embd] -> [n_embd]
        weight[rows] = 0
        return {f"{layer}.weight": weight, f"{layer}.bias": moved}


class EditFact(NamedTuple):
    """Rewrites a fact in an MLP: `edit h.5.mlp so "The capital of France is" says " Rome" about "France"`.

    Without a subject, the fact is about the last token of the prompt.
    """

    what: str
    prompt: str
    answer: str
    subject: str = ""

    def __str__(self) -> str:
        about = f" about {text_of(self.subject)}" if self.subject else ""
        return f"edit {self.what} so {text_of(self.prompt)} says {text_of(self.answer)}{about}"

    def changes(self, model: Model) -> dict[str, Array]:
        """c_proj's weight. Raises ModelError if the component is not an MLP, or if the fact cannot be read."""
        component = parse_component(self.what, model.config, "edit")
        if component.half != "mlp":
            raise ModelError(f"edit: an MLP is h.5.mlp, not {quoted(self.what)}")
        name = f"{_output_layer(component)}.weight"
        fact = interpret.rome.fact(self.prompt, self.subject, self.answer, model)
        return {name: interpret.rome.edited_weight(fact, component.layer, model)}


class Add(NamedTuple):
    """Adds a vector to the stream whenever the model runs: `add 30 * sae(2, 7650) to h.2 at all`."""

    coefficient: float
    vector: Vector
    place: str
    positions: Positions

    def __str__(self) -> str:
        return f"add {number_text(self.coefficient)} * {self.vector} to {self.place} at {self.positions}"

    def intervention(self, model: Model) -> Intervention:
        """What the forward pass does. Raises ModelError if the place is not in the stream or the vector unusable."""
        place = stream_place(parse_place(self.place, model.config))
        assert place.layer is not None
        rows = scaled(self.coefficient, self.vector.rows(place, model).astype(model.dtype, copy=False))
        return Addition(place.hook, place.layer, rows, self.positions)


class ClampFeature(NamedTuple):
    """Sets a feature to a value before its block, whenever the model runs: `clamp sae(2, 7650) to 40 at all`."""

    feature: SaeFeature
    value: float
    positions: Positions

    def __str__(self) -> str:
        return f"clamp {self.feature} to {number_text(self.value)} at {self.positions}"

    def intervention(self, model: Model) -> Intervention:
        """What the forward pass does. Raises ModelError if there is no such feature, or if the value is too large."""
        layer, index = self.feature
        feature = sae.load_for(model, layer).single(index, model.dtype, centred=model.centred)
        scaled(self.value, feature.writes, "value")
        return Clamp(f"blocks.{layer}.hook_resid_pre", layer, feature, self.value, self.positions)


class Remove(NamedTuple):
    """Removes a direction from the stream whenever the model runs: `remove sae(2, 7650) from h.2 at all`."""

    vector: Vector
    place: str
    positions: Positions

    def __str__(self) -> str:
        return f"remove {self.vector} from {self.place} at {self.positions}"

    def intervention(self, model: Model) -> Intervention:
        """What the forward pass does. Raises ModelError if the place is not in the stream or the vector unusable."""
        place = stream_place(parse_place(self.place, model.config))
        assert place.layer is not None
        rows = self.vector.rows(place, model).astype(np.float64)
        lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
        units = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
        return Removal(place.hook, place.layer, units.astype(model.dtype), self.positions)


WeightEdit: TypeAlias = SetWeight | Scale | Mean | EditFact
StreamEdit: TypeAlias = Add | ClampFeature | Remove
Operation: TypeAlias = WeightEdit | StreamEdit


def operate(model: Model, operation: Operation) -> Model:
    """The model after one operation. Its text is that of the model and then that of the operation."""
    text = f"{model.text} ; {operation}"
    if isinstance(operation, StreamEdit):
        intervention = operation.intervention(model)
        edits = (*model.edits, (intervention.layer, str(operation)))
        return replace(model, text=text, edits=edits, interventions=(*model.interventions, intervention))
    changes = operation.changes(model)
    edits = (*model.edits, (min(_first_block(name, model.config) for name in changes), str(operation)))
    tensors = model.tensors.with_changes(changes)
    return replace(model, text=text, edits=edits, tensors=tensors, linears=model.linears.edited(tensors))


def _first_block(parameter: str, config: Config) -> int:
    """The first block whose output depends on a tensor; -1 for an embedding, on which the input of block 0 depends."""
    if parameter.startswith("h."):
        return int(parameter.split(".")[1])
    return config.n_layer if parameter.startswith(("ln_f", "lm_head")) else -1


def _output_layer(component: Component) -> str:
    """The linear layer through which a component writes to the stream."""
    return f"h.{component.layer}.{component.half}.c_proj"


def _rows(component: Component, config: Config) -> slice:
    """Its rows of that layer's weight."""
    return slice(None) if component.head is None else head_channels(component.head, config)


def check_parameter(name: str, config: Config) -> tuple[int, ...]:
    """The shape of a tensor. Raises ModelError if the model has no tensor of that name."""
    shape = config.shapes().get(name)
    if shape is None:
        raise ModelError(f"parameter must be a tensor such as h.0.attn.c_attn.weight, not {quoted(name)}")
    return shape


def number_text(value: float) -> str:
    """A number as the model text writes it: as short as possible while it reads back as the same number."""
    if not math.isfinite(value):
        raise ModelError(f"a model text takes finite numbers only, not {value}")
    return repr(value).removesuffix(".0")
