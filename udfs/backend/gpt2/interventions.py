"""How a model text changes the residual stream while the model runs: how, at which place, at which positions.

Positions count from 0 over everything that the model has read. The tokens that a model generates after a prompt do not
belong to the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError, quoted

_FIRST = r"first\s+(\d{1,6})"
_LIST = r"\d{1,6}(?:\s*,\s*\d{1,6})*"


class Positions(NamedTuple):
    """The positions at which an intervention acts.

    `all`: the prompt and everything generated after it. `prompt`: the prompt only. `last`: the prompt's last token,
    which stays the same token during generation. `first n`: the first n positions. Otherwise a list of positions.
    `first n` and a list may name positions beyond the end; those have no effect.
    """

    kind: str = "all"
    numbers: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.kind == "list":
            return ", ".join(map(str, self.numbers))
        return " ".join([self.kind, *map(str, self.numbers)])

    def among(self, start: int, stop: int, n_prompt: int) -> NDArray[np.intp]:
        """Those positions from `start` up to `stop`, for a prompt of `n_prompt` tokens."""
        first, last = {
            "all": (0, stop),
            "prompt": (0, n_prompt),
            "last": (n_prompt - 1, n_prompt),
            "first": (0, self.numbers[0] if self.numbers else 0),
            "list": (0, stop),
        }[self.kind]
        within = np.arange(max(first, start), min(last, stop))
        return within[np.isin(within, self.numbers)] if self.kind == "list" else within


def parse_positions(text: str) -> Positions:
    """The positions that a text names; blank means all. Raises ModelError for any other text."""
    text = text.strip()
    if text in ("", "all", "prompt", "last"):
        return Positions(text or "all")
    if match := re.fullmatch(_FIRST, text):
        return Positions("first", (int(match[1]),))
    if re.fullmatch(_LIST, text):
        return Positions("list", tuple(int(number) for number in text.split(",")))
    raise ModelError(f"positions must be all, prompt, last, first 3, or a list such as 0, 3, 5; not {quoted(text)}")


class Intervention(Protocol):
    """A change of the stream at the place that TransformerLens calls `hook`, in block `layer`.

    The stream is `[..., n_seq, n_embd]`. Its first row is at position `start`; the prompt has `n_prompt` tokens.
    """

    @property
    def hook(self) -> str: ...
    @property
    def layer(self) -> int: ...

    def changed(self, stream: Array, start: int, n_prompt: int) -> Array:
        """The stream after the change."""
        ...

    def backward(self, gradient: Array, stream: Array, start: int, n_prompt: int) -> Array:
        """From the gradient of the changed stream to that of the stream before the change, which is `stream`."""
        ...


class Addition(NamedTuple):
    """Adds a vector.

    `rows` is either one vector, `[1, n_embd]`, added at each of the positions, or `[n, n_embd]`, and then row i is
    added at position i.
    """

    hook: str
    layer: int
    rows: Array
    positions: Positions

    def changed(self, stream: Array, start: int, n_prompt: int) -> Array:
        return add_rows(stream, self.rows, self.positions, start, n_prompt)

    def backward(self, gradient: Array, stream: Array, start: int, n_prompt: int) -> Array:
        return gradient


def scaled(coefficient: float, vector: Array, name: str = "coefficient") -> Array:
    """coefficient x vector. Raises ModelError if the product is beyond the range of the vector's type."""
    with np.errstate(over="ignore", invalid="ignore"):
        rows = vector.dtype.type(coefficient) * vector
    if not np.isfinite(rows).all():
        raise ModelError(f"{name} {coefficient:g} makes the vector too large for {vector.dtype}")
    return rows


def add_rows(residual: Array, rows: Array, positions: Positions, start: int = 0, n_prompt: int | None = None) -> Array:
    """The stream `[..., n_seq, n_embd]` with `rows` added at some positions; see `Addition` for the shape of `rows`.

    The first row of the stream is at position `start`. The prompt has `n_prompt` tokens; if that is left out, it ends
    with the last row.
    """
    stop = start + residual.shape[-2]
    where = positions.among(start, stop, stop if n_prompt is None else n_prompt)
    if len(rows) > 1:
        where = where[where < len(rows)]
    steered = residual.copy()
    with np.errstate(over="ignore"):  # too large a value is reported when the result is checked
        steered[..., where - start, :] += rows[where] if len(rows) > 1 else rows[0]
    return steered


def with_interventions(
    hook: Callable[[str, Array], Array], interventions: Sequence[Intervention], start: int, n_prompt: int
) -> Callable[[str, Array], Array]:
    """A hook that makes these changes, one after the other, and then calls `hook` with the values."""
    if not interventions:
        return hook

    def change(place: str, value: Array) -> Array:
        for intervention in interventions:
            if intervention.hook == place:
                value = intervention.changed(value, start, n_prompt)
        return hook(place, value)

    return change
