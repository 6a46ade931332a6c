"""Saliency: which tokens of a prompt decide the answer. Three methods, from the quickest to the plainest.

Sources: Simonyan et al. 2013 and Shrikumar et al. 2016 (gradient x input); Sundararajan et al. 2017 (integrated
gradients); Li et al. 2016 ("Understanding Neural Networks through Representation Erasure").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.gpt2.forward import embed, unembed
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.gradients import Gradients, Objective, backward, from_last_tokens, gradients, record
from udfs.backend.stream import residual_stream

_POINTS = 64  # on the path from the baseline: Gauss-Legendre points, which converge much faster than equal steps
_ROWS = 256  # of points that go through the model together


@dataclass(frozen=True)
class Saliency:
    """What each token adds to the number that is explained; None if that is not defined.

    value: the number itself
    baseline: the number if all token embeddings are zero; only integrated gradients compute it
    """

    tokens: list[float | None]
    value: float
    baseline: float | None = None


def gradient_times_input(ids: Sequence[int], objective: Objective, model: Model) -> Saliency:
    """The gradient of each token's embedding times the embedding: what the number loses if the token fades."""
    found = gradients(ids, objective, model)
    shares = (found.places["hook_embed"] * model.rows("wte.weight", ids)).sum(axis=-1)  # [n_seq, n_embd] -> [n_seq]
    return Saliency(shares.tolist(), found.value)


def integrated_gradients(ids: Sequence[int], objective: Objective, model: Model) -> Saliency:
    """The mean of that gradient while all embeddings grow from zero to their size, times the embeddings.

    The tokens' numbers sum to the value minus the baseline's.
    """
    embeddings = model.rows("wte.weight", ids)  # [n_seq, n_embd]
    positions = embed(ids, model) - embeddings

    def at(sizes: Array) -> tuple[list[float], Array]:
        """The numbers and the gradients of the stream when the embeddings have these sizes: `[n_sizes]`."""
        stream = sizes.astype(model.dtype)[:, None, None] * embeddings + positions  # -> [n_sizes, n_seq, n_embd]
        trace = record(stream, model)
        values, d_final = from_last_tokens(trace, [objective] * len(sizes), model)
        return values, backward(d_final, trace, model, Gradients(0.0))

    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)  # on -1 to 1
    mean = np.zeros(embeddings.shape)
    step = max(1, _ROWS // len(ids))
    for start in range(0, _POINTS, step):
        some = slice(start, start + step)
        mean += np.tensordot(weights[some] / 2, at((nodes[some] + 1) / 2)[1], axes=1)
    (baseline, value), _ = at(np.array([0.0, 1.0]))
    return Saliency((mean * embeddings).sum(axis=-1).tolist(), value, baseline)


def leave_one_out(ids: Sequence[int], objective: Objective, model: Model) -> Saliency:
    """How much smaller the number is without each token. Not defined for the only token of a prompt."""

    def value(some: Sequence[int]) -> float:
        return objective(unembed(residual_stream(some, model)[-1][-1:], model)[0])[0]

    whole = value(ids)
    if len(ids) == 1:
        return Saliency([None], whole)
    return Saliency([whole - value([*ids[:at], *ids[at + 1 :]]) for at in range(len(ids))], whole)


METHODS: dict[str, Callable[[Sequence[int], Objective, Model], Saliency]] = {
    "gradient": gradient_times_input,
    "integrated": integrated_gradients,
    "leave out": leave_one_out,
}
