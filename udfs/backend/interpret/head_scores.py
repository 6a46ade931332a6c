"""How much each head looks at the token before, at the same token earlier, and at what came after it then.

Sources: Elhage et al. 2021 and Olsson et al. 2022 (previous-token and induction heads), Wang et al. 2022
(duplicate-token heads); the patterns are those of TransformerLens's `head_detector`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.gpt2.forward import trace_block
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.runs import run


@dataclass(frozen=True)
class HeadScores:
    """One head's scores, each 0 to 1; None where the prompt has no token by which to judge.

    `previous` is the attention to the token just before, `duplicate` that to earlier copies of the token itself,
    `induction` that to the tokens which followed those copies: each a mean over the tokens that have such others.
    """

    layer: int
    head: int
    previous: float | None
    duplicate: float | None
    induction: float | None


def head_scores(ids: Sequence[int], model: Model) -> list[HeadScores]:
    """The scores of every head when the model reads these ids, in the order of layers and heads."""
    sought = [_previous(len(ids)), duplicates(ids), followers(ids)]
    scores = []
    for layer, residual in enumerate(run(ids, model).stream[:-1]):
        pattern = trace_block(layer, residual, model)[f"blocks.{layer}.attn.hook_pattern"]
        scores += [
            HeadScores(layer, head, *(_attention(own, mask) for mask in sought)) for head, own in enumerate(pattern)
        ]
    return scores


def duplicates(ids: Sequence[int]) -> NDArray[np.bool_]:
    """For each token (row) which earlier ones are the same: `[n_seq, n_seq]`."""
    array = np.array(ids)
    return np.tril(array[:, None] == array[None, :], k=-1)


def followers(ids: Sequence[int]) -> NDArray[np.bool_]:
    """For each token (row) which earlier ones follow an earlier copy of it: `[n_seq, n_seq]`."""
    follows = np.zeros((len(ids), len(ids)), bool)
    follows[:, 1:] = duplicates(ids)[:, :-1]
    return np.tril(follows, k=-1)  # a token that follows its own copy at once is no earlier one


def _previous(n_seq: int) -> NDArray[np.bool_]:
    return np.eye(n_seq, k=-1, dtype=bool)


def _attention(pattern: Array, mask: NDArray[np.bool_]) -> float | None:
    """The attention that falls on the mask, a mean over the rows that have any of it."""
    rows = mask.any(axis=1)
    return float((pattern * mask).sum() / rows.sum()) if rows.any() else None
