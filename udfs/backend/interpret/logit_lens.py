"""The logit lens: what the model would say if it stopped at a layer.

Source: nostalgebraist, "interpreting GPT: the logit lens" (2020). ln_f takes the statistics of each layer's own
residual, so that the last layer's answer is the model's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from udfs.backend import ranking
from udfs.backend.arrays import Array
from udfs.backend.generate.sampling import next_logits
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.additions import steered
from udfs.backend.interpret.runs import run

_CHUNK = 256  # rows of logits that are in memory at once: 51 MB


@dataclass(frozen=True, eq=False)
class Tops:
    """The most likely tokens at each row, largest first, and their probabilities: each `[..., k]`."""

    ids: NDArray[np.intp]
    probabilities: Array


@dataclass(frozen=True, eq=False)
class Standing:
    """How one token of each row stands: its logit, its probability, and its rank among all tokens, from 1."""

    logits: Array
    probabilities: Array
    ranks: NDArray[np.intp]


def stages(ids: Sequence[int], model: Model, halves: bool = False) -> dict[str, Array]:
    """The stream at each depth by its place: `h.0` ... `h.12`, each `[n_seq, n_embd]`.

    With `halves` also after each attention: `h.0`, `h.0.mid`, `h.1`, and so on.
    """
    entering = steered(forward.unseen, model.additions, 0, len(ids))  # what a block adds first is not in its input
    found = {}
    for layer, residual in enumerate(run(ids, model).stream):
        found[f"h.{layer}"] = entering(f"blocks.{layer}.hook_resid_pre", residual)
        if halves and layer < model.config.n_layer:
            found[f"h.{layer}.mid"] = forward.trace_block(layer, residual, model)[f"blocks.{layer}.hook_resid_mid"]
    return found


def tops(residual: Array, k: int, model: Model) -> Tops:
    """The k most likely tokens of every row: `[..., n_embd]` -> `[..., k]`."""
    found = [
        (chosen, ranking.probabilities_of(logits, chosen))
        for logits in _logits_in_chunks(residual, model)
        for chosen in [ranking.top(logits, k)]
    ]
    shape = (*residual.shape[:-1], -1)
    ids, probabilities = (np.concatenate(part).reshape(shape) for part in zip(*found, strict=True))
    return Tops(ids, probabilities)


def track(residual: Array, token: int, model: Model) -> Standing:
    """How one token stands at every row: `[n_rows, n_embd]` -> 3 x `[n_rows]`."""
    parts = [standing(logits, np.full(len(logits), token)) for logits in _logits_in_chunks(residual, model)]
    return Standing(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.ranks for part in parts]),
    )


def standing(logits: Array, tokens: NDArray[np.intp]) -> Standing:
    """How a token of each row stands: `[n_rows, n_vocab]` and `[n_rows]` -> 3 x `[n_rows]`.

    Of tokens with equal logits the one with the lower id ranks first.
    """
    column = tokens[:, None]
    own = np.take_along_axis(logits, column, axis=1)  # [n_rows, 1]
    before = (logits == own) & (np.arange(logits.shape[1]) < column)
    ranks = 1 + (logits > own).sum(axis=1) + before.sum(axis=1)
    probabilities = ranking.probabilities_of(logits, column)
    return Standing(own[:, 0], probabilities[:, 0], ranks)


def _logits_in_chunks(residual: Array, model: Model) -> Iterator[Array]:
    rows = residual.reshape(-1, residual.shape[-1])
    for start in range(0, len(rows), _CHUNK):
        yield next_logits(rows[start : start + _CHUNK], model)
