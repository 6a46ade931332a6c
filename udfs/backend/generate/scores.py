"""How well a model predicts each of many texts. Texts of equal length go through the model side by side."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.generate.log_probabilities import perplexity
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import log_softmax, next_logits
from udfs.backend.stream import quick_block

_ROWS = 256  # tokens that go through the model together; 51 MB of logits for GPT-2's vocabulary


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
    """The score of each text, given by its token ids, in that order. The same texts always make the same batches."""
    found: list[Score | None] = [None] * len(texts)
    for batch in _batches(texts):
        for place, score in zip(batch, _score([texts[place] for place in batch], model), strict=True):
            found[place] = score
    return [score for score in found if score is not None]


def _batches(texts: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """The places of texts of the same length, up to `_ROWS` tokens or one text at a time."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for place, ids in enumerate(texts):
        by_length[len(ids)].append(place)
    for length, places in by_length.items():
        step = max(1, _ROWS // length)
        yield from (places[start : start + step] for start in range(0, len(places), step))


def _score(texts: Sequence[Sequence[int]], model: Model) -> Iterator[Score]:
    """The scores of texts of the same length."""
    residual = np.stack([forward.embed(ids, model) for ids in texts])  # [n_texts, n_seq, n_embd]
    for layer in range(model.config.n_layer):
        residual = quick_block(layer, residual, model)
    for ids, of_text in zip(texts, residual, strict=True):
        yield _of_text(ids, of_text, model)


def _of_text(ids: Sequence[int], residual: Array, model: Model) -> Score:
    logits = next_logits(residual, model)  # [n_seq, n_embd] -> [n_seq, n_vocab]
    likeliest = int(logits[-1].argmax())
    if len(ids) == 1:
        return Score(1, None, None, likeliest)
    logs = log_softmax(logits[:-1])
    own = logs[np.arange(len(ids) - 1), ids[1:]].tolist()
    return Score(len(ids), math.fsum(own), perplexity(own), likeliest)
