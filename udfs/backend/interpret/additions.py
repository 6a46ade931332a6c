"""What is added to the stream while the model runs: at which place, at which positions, which vectors.

Positions count from 0 over everything that the model has read. The prompt is what it is given at first; with a cache
of keys and values, as in generation, the tokens that follow belong to no prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError

_FIRST = re.compile(r"first\s+(\d{1,6})")
_LIST = re.compile(r"\d{1,6}(?:\s*,\s*\d{1,6})*")


@dataclass(frozen=True)
class Positions:
    """Where an addition acts.

    `all`: the prompt and all that is generated after it; `prompt`: the prompt only; `last`: the prompt's last token,
    which stays the same one while tokens are generated; `first n`: the first n positions; or a list of positions.
    Those of `first n` and of a list that are not there are passed over.
    """

    kind: str = "all"
    numbers: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.kind == "list":
            return ", ".join(map(str, self.numbers))
        return " ".join([self.kind, *map(str, self.numbers)])

    @property
    def needs_length(self) -> bool:
        """Whether a token's place depends on how long the prompt is, not only on what stands before it."""
        return self.kind == "last"

    def among(self, start: int, stop: int, n_prompt: int) -> NDArray[np.intp]:
        """Those of the positions from start to before stop that are meant, where the prompt has `n_prompt` tokens."""
        first, last = {
            "all": (0, stop),
            "prompt": (0, n_prompt),
            "last": (n_prompt - 1, n_prompt),
            "first": (0, self.numbers[0] if self.numbers else 0),
            "list": (0, stop),
        }[self.kind]
        within = np.arange(max(first, start), min(last, stop))
        return within[np.isin(within, self.numbers)] if self.kind == "list" else within


EVERYWHERE = Positions()


def parse_positions(text: str) -> Positions:
    """The positions that a text names; blank means all. Raises ModelError for any other text."""
    text = text.strip()
    if text in ("", "all", "prompt", "last"):
        return Positions(text or "all")
    if match := _FIRST.fullmatch(text):
        return Positions("first", (int(match[1]),))
    if _LIST.fullmatch(text):
        return Positions("list", tuple(int(number) for number in text.split(",")))
    raise ModelError(f"positions must be all, prompt, last, first 3, or a list such as 0, 3, 5; not {text[:40]!r}")


@dataclass(frozen=True, eq=False)
class Addition:
    """One addition as the forward pass makes it, at the place that TransformerLens calls `hook`.

    `rows` are `[1, n_embd]`, added at every position that is meant, or `[n, n_embd]`, of which row i is added at
    position i.
    """

    hook: str
    layer: int
    rows: Array
    positions: Positions

    def is_same(self, other: Addition) -> bool:
        """Whether both do the same."""
        return (self.hook, self.positions) == (other.hook, other.positions) and np.array_equal(self.rows, other.rows)


def scaled(coefficient: float, vector: Array) -> Array:
    """coefficient x vector; ModelError where that is beyond the range of the vector's type."""
    with np.errstate(over="ignore", invalid="ignore"):
        rows = vector.dtype.type(coefficient) * vector
    if not np.isfinite(rows).all():
        raise ModelError(f"coefficient {coefficient:g} takes the vector beyond {vector.dtype}'s range")
    return rows


def add_rows(residual: Array, rows: Array, positions: Positions, start: int = 0, n_prompt: int | None = None) -> Array:
    """The stream with a vector added at some positions.

    `residual` is `[..., n_seq, n_embd]`, its first row at position `start`, of a prompt of `n_prompt` tokens (else of
    as many as there are rows); `rows` are as an `Addition` has them.
    """
    stop = start + residual.shape[-2]
    where = positions.among(start, stop, stop if n_prompt is None else n_prompt)
    if len(rows) > 1:
        where = where[where < len(rows)]
    steered = residual.copy()
    with np.errstate(over="ignore"):  # what is too large is found where the result is looked at
        steered[..., where - start, :] += rows[where] if len(rows) > 1 else rows[0]
    return steered


def steered(
    see: Callable[[str, Array], Array], additions: Sequence[Addition], start: int, n_prompt: int
) -> Callable[[str, Array], Array]:
    """`see` that is shown the values with these additions made."""
    if not additions:
        return see

    def add_and_see(place: str, value: Array) -> Array:
        for addition in additions:
            if addition.hook == place:
                value = add_rows(value, addition.rows, addition.positions, start, n_prompt)
        return see(place, value)

    return add_and_see
