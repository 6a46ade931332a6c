"""How well a model predicts a text: log-probability, rank and surprise of each token, and the model's entropy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.batches import Batch, final_stream, for_each
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import entropy, log_softmax, next_logits, ranks
from udfs.backend.stream import residual_stream

_CHUNK = 64  # rows of logits in memory at a time: 26 MB in float64


class Prediction(NamedTuple):
    """How well the model predicts a token from the tokens before it.

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
    return _predictions(residual_stream(ids, model)[-1][:-1], ids[1:], model)


def predictions_of_each(texts: Sequence[Sequence[int]], model: Model) -> list[list[Prediction]]:
    """The same for each of many texts, which are read in batches."""

    def work(batch: Batch) -> list[list[Prediction]]:
        ids, inner = np.concatenate(batch.prompts), np.ones(batch.lengths.sum(), bool)
        inner[batch.last_rows] = False  # nothing in the text follows them
        found = _predictions(final_stream(batch, model)[inner], np.delete(ids, batch.starts).tolist(), model)
        ends = np.cumsum(batch.lengths - 1).tolist()
        return [found[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    return for_each(texts, work)


def _predictions(residual: Array, following: Sequence[int], model: Model) -> list[Prediction]:
    """For rows of the final stream, `[n_rows, n_embd]`, and the token that follows each of them."""
    found: list[Prediction] = []
    for start in range(0, len(residual), _CHUNK):
        logits = next_logits(residual[start : start + _CHUNK], model)
        found += _of_rows(logits, np.array(following[start : start + _CHUNK]))
    return found


def perplexity(log_probabilities: Sequence[float]) -> float:
    """exp of the mean -log-probability: the model is as unsure as if that many tokens were equally likely."""
    return math.exp(-sum(log_probabilities) / len(log_probabilities))


def _of_rows(logits: Array, tokens: NDArray[np.intp]) -> list[Prediction]:
    """For logits `[n_rows, n_vocab]` and the token that follows each row, `[n_rows]`."""
    logs = log_softmax(logits)
    own = np.take_along_axis(logs, tokens[:, None], axis=1)[:, 0]
    columns = own, ranks(logits, tokens), entropy(logs), logits.argmax(axis=1)
    return [Prediction(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
