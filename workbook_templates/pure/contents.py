"""The constants of the workbook: the model's weights, whole or rounded, and the tokens that have a row of their own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from udfs.backend.gpt2.model import Model

MOST_WEIGHTS: Final = 2_000_000  # in all blocks together: with more, they are rounded to whole numbers

_LARGE_TOKENS = 16  # rows to reserve for tokens in the workbook of a large model

Bits: TypeAlias = Literal["8", "16", "full"]
Numbers: TypeAlias = NDArray[Any]  # [rows, columns]


def is_large(model: Model) -> bool:
    """Whether the blocks have more weights than a spreadsheet calculates in about a second."""
    return 12 * model.config.n_layer * model.config.n_embd**2 > MOST_WEIGHTS


def usual_tokens(model: Model, usual: int) -> int:
    """The rows to reserve for tokens, where a host has a usual number: each token of a large model takes seconds."""
    return min(_LARGE_TOKENS, usual) if is_large(model) else usual


@dataclass(frozen=True)
class Weights:
    """A tensor as the workbook holds it: numbers times scales.

    numbers: [rows, columns]; whole numbers if there are scales
    scales: one for each output channel; None if the numbers are the weights themselves
    """

    numbers: Numbers
    scales: NDArray[np.float64] | None = None


class Contents:
    """The numbers and tokens of one model.

    bits: to how many bits each weight of a matrix is rounded; None if it is not
    is_large: whether a recalculation takes so long that it has to be asked for
    """

    def __init__(self, model: Model, bits: Bits | None = None) -> None:
        """`bits` None rounds the weights of a large model to 8 bits."""
        self.model, self.config = model, model.config
        self.is_large = is_large(model)
        chosen = bits or ("8" if self.is_large else "full")
        self.bits = None if chosen == "full" else int(chosen)

    def vector(self, parameter: str) -> Numbers:
        """A bias, or the weight of a LayerNorm: [1, width]. These are never rounded."""
        return np.atleast_2d(self.model[parameter])

    def matrix(self, parameter: str) -> Weights:
        """The weight of a linear layer, [inputs, outputs]; an output channel is a column."""
        return self._weights(self.model[parameter], axis=0)

    @cached_property
    def wte(self) -> Weights:
        """The rows of the token embedding for `ids`. An output channel of the logits is a row."""
        values = self.model["wte.weight"]
        return self._weights(values if len(self.ids) == len(values) else values[list(self.ids)], axis=1)

    @cached_property
    def wpe(self) -> Weights:
        """The position embedding, rounded row by row."""
        return self._weights(self.model["wpe.weight"], axis=1)

    @cached_property
    def ids(self) -> tuple[int, ...]:
        """The tokens that have a row in the workbook: all except those that share one row of the embedding."""
        return tuple(sorted(set(range(self.config.n_vocab)) - set(self.others)))

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """The text of each token in `ids`."""
        return tuple(self.model.token_text(i) for i in self.ids)

    @cached_property
    def others(self) -> tuple[int, ...]:
        """The tokens that share one row of the embedding, because the model never learned them. Usually there are none.

        They share one logit, too, so one row of the workbook is enough for all of them.
        """
        rows = [row.tobytes() for row in self.model["wte.weight"]]
        shared, count = Counter(rows).most_common(1)[0]
        return tuple(i for i, row in enumerate(rows) if row == shared) if count > 1 else ()

    @property
    def other_row(self) -> Numbers:
        """The row of the embedding that `others` share: [1, n_embd]. It is not rounded."""
        return np.atleast_2d(self.model["wte.weight"][self.others[0]])

    def _weights(self, values: Numbers, axis: int) -> Weights:
        """The weights, rounded with one scale for each column (axis 0) or each row (axis 1)."""
        if self.bits is None:
            return Weights(values)
        return rounded(values, self.bits, axis)


def rounded(values: Numbers, bits: int, axis: int) -> Weights:
    """Whole numbers whose largest in each channel is 127 (8 bits) or 32,767 (16 bits), and the channels' scales.

    A weight moves by at most half the scale of its channel.
    """
    most = 2 ** (bits - 1) - 1
    largest = np.maximum(values.max(axis), -values.min(axis)).astype(np.float64)
    scales = np.where(largest > 0, largest, 1) / most
    by_channel = np.expand_dims(scales.astype(values.dtype), axis)
    whole = np.rint(values / by_channel).clip(-most, most)
    return Weights(whole.astype(np.int8 if bits == 8 else np.int16), scales)
