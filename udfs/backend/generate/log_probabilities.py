"""How well a model predicts a text: log-probability, rank and surprise of each token, and how unsure the model was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import log_softmax, next_logits, standing
from udfs.backend.stream import residual_stream

_CHUNK = 64  # rows of logits in memory at a time: 26 MB in float64


class Prediction(NamedTuple):
    """What the model thought of a token after it had read the tokens before it.

    `log_probability` is in nats. `rank` counts from 1, the lower id first among equals. `entropy` is that of the whole
    distribution, in bits. `likeliest` is the token that the model found most likely.
    """

    log_probability: float
    rank: int
    entropy: float
    likeliest: int

    @property
    def surprise(self) -> float:
        """-log2 of the probability, in bits."""
        return -self.log_probability / math.log(2)


def predictions(ids: Sequence[int], model: Model) -> list[Prediction]:
    """A prediction for each token but the first, which has no tokens before it."""
    residual = residual_stream(ids, model)[-1][:-1]  # [n_seq - 1, n_embd]
    found: list[Prediction] = []
    for start in range(0, len(residual), _CHUNK):
        logits = next_logits(residual[start : start + _CHUNK], model)
        found += _of_rows(logits, np.array(ids[1 + start : 1 + start + _CHUNK]))
    return found


def perplexity(log_probabilities: Sequence[float]) -> float:
    """e to the mean of -log-probability: the model was as unsure as between that many equally likely tokens."""
    return math.exp(-sum(log_probabilities) / len(log_probabilities))


def _of_rows(logits: Array, tokens: NDArray[np.intp]) -> list[Prediction]:
    """For logits `[n_rows, n_vocab]` and the token that follows each row, `[n_rows]`."""
    logs = log_softmax(logits)
    entropy = -(np.exp(logs) * logs).sum(axis=1) / math.log(2)
    own = np.take_along_axis(logs, tokens[:, None], axis=1)[:, 0]
    ranks = standing(logits, tokens).ranks
    rows = zip(own.tolist(), ranks.tolist(), entropy.tolist(), logits.argmax(axis=1).tolist(), strict=True)
    return [Prediction(*row) for row in rows]
