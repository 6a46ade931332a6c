"""Operations on a model's weights. An edited model shares every array that no operation touches."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.checkpoint import Tensors
from udfs.backend.config import Config
from udfs.backend.errors import ModelError
from udfs.backend.places import check_index

_HEAD = re.compile(r"h\.(\d+)\.attn\.head\.(\d+)")
_HALF = re.compile(r"h\.(\d+)\.(attn|mlp)")


@dataclass(frozen=True)
class SetWeight:
    """One weight of one tensor gets a value: `set h.0.mlp.c_fc.bias[17] = 0.5`."""

    parameter: str
    index: tuple[int, ...]
    value: float

    def __str__(self) -> str:
        return f"set {self.parameter}[{', '.join(map(str, self.index))}] = {number_text(self.value)}"

    def changes(self, tensors: Tensors, config: Config) -> dict[str, Array]:
        """The tensor with that weight set. Raises ModelError for an unknown parameter or index."""
        shape = check_parameter(self.parameter, config)
        if len(self.index) != len(shape):
            wanted = "[row, column]" if len(shape) == 2 else "[index]"
            raise ModelError(f"{self.parameter} must be given as {self.parameter}{wanted}")
        for what, index, count in zip(
            ("row", "column") if len(shape) == 2 else ("index",), self.index, shape, strict=True
        ):
            check_index(f"{what} of {self.parameter}", index, count)
        edited = tensors[self.parameter].copy()
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

    def changes(self, tensors: Tensors, config: Config) -> dict[str, Array]:
        """c_proj scaled, whole or the rows of one head. Raises ModelError for an unknown component."""
        factor = np.float32(self.factor)
        if match := _HEAD.fullmatch(self.what):
            layer = check_index("layer", int(match[1]), config.n_layer)
            head = check_index("head", int(match[2]), config.n_head)
            name = f"h.{layer}.attn.c_proj.weight"
            edited = tensors[name].copy()
            edited[head * config.d_head : (head + 1) * config.d_head] *= factor
            return {name: edited}
        if match := _HALF.fullmatch(self.what):
            layer = check_index("layer", int(match[1]), config.n_layer)
            names = [f"h.{layer}.{match[2]}.c_proj.{part}" for part in ("weight", "bias")]
            return {name: tensors[name] * factor for name in names}
        raise ModelError(f"scale takes h.9.attn.head.1, h.9.attn or h.9.mlp, not {self.what!r}")


Operation: TypeAlias = SetWeight | Scale


def operate(tensors: Tensors, operations: Iterable[Operation], config: Config) -> Tensors:
    """The tensors after these operations, in their order."""
    for operation in operations:
        tensors = tensors.with_changes(operation.changes(tensors, config))
    return tensors


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
