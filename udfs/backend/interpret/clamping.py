"""Interventions that depend on what is in the stream: a feature clamped to a value, a direction removed.

Unlike an addition, each looks at the stream first: a clamp does nothing if the feature already has the value, and a
removal does nothing if the direction is not there.

Sources: Templeton et al. 2024, "Scaling Monosemanticity" (clamping); Arditi et al. 2024, "Refusal in Language Models Is
Mediated by a Single Direction" (removal, which they call directional ablation).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.gpt2.interventions import Positions
from udfs.backend.interpret.sae import Feature


class Clamp(NamedTuple):
    """Sets the activation f of a feature: x + (value - f(x)) * W_dec[feature]."""

    hook: str
    layer: int
    feature: Feature
    value: float
    positions: Positions

    def changed(self, stream: Array, start: int, n_prompt: int) -> Array:
        where = self.positions.among(start, start + stream.shape[-2], n_prompt) - start
        rows = stream[..., where, :]
        missing = stream.dtype.type(self.value) - self.feature.activations(rows)  # [..., n_rows]
        changed = stream.copy()
        with np.errstate(over="ignore"):  # too large a value is reported when the result is checked
            changed[..., where, :] = rows + missing[..., None] * self.feature.writes
        return changed

    def backward(self, gradient: Array, stream: Array, start: int, n_prompt: int) -> Array:
        where = self.positions.among(start, start + stream.shape[-2], n_prompt) - start
        rows, d_rows = stream[..., where, :], gradient[..., where, :]
        is_active = self.feature.activations(rows) > 0
        through = is_active * (d_rows @ self.feature.writes)  # [..., n_rows]
        before = gradient.copy()
        before[..., where, :] = d_rows - through[..., None] * self.feature.reads
        return before


class Removal(NamedTuple):
    """Removes a direction from the stream: x - (x . u) u, where u has length 1.

    `units` is either one direction, `[1, n_embd]`, or `[n, n_embd]`, and then row i is removed at position i. A row of
    zeros removes nothing.
    """

    hook: str
    layer: int
    units: Array
    positions: Positions

    def changed(self, stream: Array, start: int, n_prompt: int) -> Array:
        where = self.positions.among(start, start + stream.shape[-2], n_prompt)
        if len(self.units) > 1:
            where = where[where < len(self.units)]
        units = self.units[where] if len(self.units) > 1 else self.units
        changed, rows = stream.copy(), stream[..., where - start, :]
        changed[..., where - start, :] = rows - (rows * units).sum(axis=-1, keepdims=True) * units
        return changed

    def backward(self, gradient: Array, stream: Array, start: int, n_prompt: int) -> Array:
        return self.changed(gradient, start, n_prompt)  # a projection is symmetric
