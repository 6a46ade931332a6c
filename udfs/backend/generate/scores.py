"""How well a model predicts each of many texts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.batches import Batch, final_stream, for_each
from udfs.backend.generate.log_probabilities import perplexity
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import log_probabilities_of, next_logits

_ROWS = 128  # of logits in memory at a time: 26 MB for GPT-2's vocabulary


class Score(NamedTuple):
    """A text of `tokens` tokens.

    log_probability: the sum over all tokens but the first, in nats; None for a text of one token, as is `perplexity`
    next_token: the token that is most likely to follow the text
    """

    tokens: int
    log_probability: float | None
    perplexity: float | None
    next_token: int


def scores(texts: Sequence[Sequence[int]], model: Model) -> list[Score]:
    """The score of each text, given by its token ids, in that order."""
    return for_each(texts, lambda batch: list(_scores(batch, model)))


def _scores(batch: Batch, model: Model) -> Iterator[Score]:
    ids = np.array(list(chain.from_iterable(batch.prompts)))
    own, likeliest = _next_tokens(final_stream(batch, model), np.append(ids[1:], 0), model)
    for start, last in zip(batch.starts.tolist(), batch.last_rows.tolist(), strict=True):
        logs = own[start:last].tolist()  # the last row predicts a token that is not in the text
        total, per_token = (math.fsum(logs), perplexity(logs)) if logs else (None, None)
        yield Score(last - start + 1, total, per_token, int(likeliest[last]))


def _next_tokens(
    residual: Array, following: NDArray[np.intp], model: Model
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The log-probability of the token that follows each row, and the likeliest token there: each `[n_rows]`."""
    own, likeliest = [], []
    for start in range(0, len(residual), _ROWS):
        some = slice(start, start + _ROWS)
        logits = next_logits(residual[some], model)  # -> [n_some, n_vocab]
        own.append(log_probabilities_of(logits, following[some]))
        likeliest.append(logits.argmax(axis=1))
    return np.concatenate(own), np.concatenate(likeliest)
