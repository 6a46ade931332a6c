"""How well a model foresees a text: each token's log-probability, rank and surprise, and how unsure the model was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.generate.sampling import Probabilities, next_logits
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.logit_lens import standing
from udfs.backend.interpret.runs import run

_CHUNK = 64  # rows of logits that are in memory at once, 26 MB in float64


@dataclass(frozen=True)
class Foreseen:
    """How a token stood among all when the model had read those before it.

    `log_probability` is in nats, `rank` from 1, the lower id first among equals, `entropy` in bits, that of all
    tokens' probabilities. `likeliest` is the token that the model found most likely.
    """

    log_probability: float
    rank: int
    entropy: float
    likeliest: int

    @property
    def surprise(self) -> float:
        """-log2 of the probability: bits."""
        return -self.log_probability / math.log(2)


def log_softmax(logits: Array) -> Probabilities:
    """Logarithms of the softmax over the last axis, in nats and in float64."""
    below = (logits - logits.max(axis=-1, keepdims=True)).astype(np.float64)
    return below - np.log(np.exp(below).sum(axis=-1, keepdims=True))


def foreseen(ids: Sequence[int], model: Model) -> list[Foreseen]:
    """How each token but the first, which nothing stands before, was foreseen."""
    residual = run(ids, model).stream[-1][:-1]  # [n_seq - 1, n_embd]
    found: list[Foreseen] = []
    for start in range(0, len(residual), _CHUNK):
        logits = next_logits(residual[start : start + _CHUNK], model)
        found += _of_rows(logits, np.array(ids[1 + start : 1 + start + _CHUNK]))
    return found


def perplexity(log_probabilities: Sequence[float]) -> float:
    """e to the mean of -log-probability: as unsure as if that many tokens had been equally likely."""
    return math.exp(-sum(log_probabilities) / len(log_probabilities))


def _of_rows(logits: Array, tokens: NDArray[np.intp]) -> list[Foreseen]:
    """`[n_rows, n_vocab]` logits and the token `[n_rows]` that follows each."""
    logs = log_softmax(logits)
    entropy = -(np.exp(logs) * logs).sum(axis=1) / math.log(2)
    own = np.take_along_axis(logs, tokens[:, None], axis=1)[:, 0]
    ranks = standing(logits, tokens).ranks
    rows = zip(own.tolist(), ranks.tolist(), entropy.tolist(), logits.argmax(axis=1).tolist(), strict=True)
    return [Foreseen(*row) for row in rows]
