"""Texts that a model writes itself: what it computes while it reads them is typical of it, and no corpus is needed."""

from __future__ import annotations

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.generate.reader import Reader
from udfs.backend.gpt2.model import Model
from udfs.backend.result_cache import Cache
from udfs.backend.stopping import check_wanted

TOKENS = 48  # in each text
_SEED = 0
_BLOCK = 256  # tokens

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
            columns.append([_drawn(*text) for text in zip(logits, row, strict=True)])
            logits, parents = reader.read(parents, columns[-1]), list(range(n_texts))
        return [list(ids) for ids in zip(*columns, strict=True)]

    found: list[list[int]] = _kept.get((n_texts, model.fingerprint), compute)
    return found


def _drawn(logits: Array, number: float) -> int:
    """The token that a number from 0 to below 1 falls on, with all tokens end to end, each as long as it is likely.

    A running sum of all lengths would take three times as long. So the block of tokens is found first.
    """
    lengths = np.exp(logits - logits.max())
    sums = np.add.reduceat(lengths, np.arange(0, len(lengths), _BLOCK), dtype=np.float64).cumsum()
    at = number * sums[-1]
    block = int(sums.searchsorted(at))
    before, start = sums[block - 1] if block else 0.0, block * _BLOCK
    inside = lengths[start : start + _BLOCK].cumsum(dtype=np.float64)
    return start + min(int(inside.searchsorted(at - before)), len(inside) - 1)
