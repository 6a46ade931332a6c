"""Texts that a model writes itself: what it computes while it reads them is typical of it, and no corpus is needed."""

from __future__ import annotations

import numpy as np

from udfs.backend.generate.reader import Reader
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import probabilities
from udfs.backend.result_cache import Cache
from udfs.backend.stopping import check_wanted

TOKENS = 48  # in each text
_SEED = 0

_kept = Cache()


def own_texts(model: Model, n_texts: int) -> list[list[int]]:
    """Texts after `<|endoftext|>`, each token drawn from the model's probabilities. They are kept, and always the same.

    Raises Stopped if the result is no longer wanted.
    """

    def compute() -> list[list[int]]:
        draws = np.random.default_rng(_SEED).random((TOKENS, n_texts))
        start = model.tokenizer.end_of_text or 0
        reader = Reader([start], model).beams()
        logits, parents = np.repeat(reader.next_logits(), n_texts, axis=0), [0] * n_texts
        columns: list[list[int]] = []
        for row in draws[: model.config.n_ctx - 1]:
            check_wanted()
            reached = probabilities(logits).cumsum(axis=-1)  # [n_texts, n_vocab]
            columns.append([int(sums.searchsorted(at * sums[-1])) for sums, at in zip(reached, row, strict=True)])
            logits, parents = reader.read(parents, columns[-1]), list(range(n_texts))
        return [list(ids) for ids in zip(*columns, strict=True)]

    found: list[list[int]] = _kept.get((n_texts, model.fingerprint), compute)
    return found
