"""From the residual stream to the next token: logits, probabilities, ranks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.fast.threads import in_shares
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.forward import softmax
from udfs.backend.gpt2.model import Model

Probabilities: TypeAlias = NDArray[np.float64]

_CHUNK = 256  # rows of logits in memory at a time: 51 MB for GPT-2's vocabulary
_BLOCK = 64  # values; `top` compares the largest of each block first


class Standing(NamedTuple):
    """How one token of each row compares with all tokens: its logit, its probability, and its rank from 1."""

    logits: Array
    probabilities: Array
    ranks: NDArray[np.intp]


def next_logits(residual: Array, model: Model) -> Array:
    """The logits of the token after each row of the final stream: `[n_rows, n_embd]` -> `[n_rows, n_vocab]`.

    Raises ModelError if an edit of the model has made them infinite or NaN.
    """
    logits = forward.unembed(residual, model)
    if not np.isfinite(logits).all():
        raise ModelError(f"model {model.name} gives numbers that are not finite: one of its edits is too large")
    return logits


def logits_in_chunks(residual: Array, model: Model) -> Iterator[Array]:
    """`next_logits` for many rows, `[..., n_embd]`, a few hundred rows at a time to save memory."""
    rows = residual.reshape(-1, residual.shape[-1])
    for start in range(0, len(rows), _CHUNK):
        yield next_logits(rows[start : start + _CHUNK], model)


def probabilities(logits: Array, temperature: float = 1.0) -> Probabilities:
    """Softmax of logits / temperature over the last axis. Temperature 0 gives everything to the largest logit."""
    if temperature == 0:
        greedy = np.zeros(logits.shape)
        np.put_along_axis(greedy, logits.argmax(axis=-1, keepdims=True), 1, axis=-1)
        return greedy
    with np.errstate(over="ignore"):  # the other tokens are too unlikely for float64: they get 0
        below = (logits - logits.max(axis=-1, keepdims=True)).astype(np.float64)
        warm: Probabilities = softmax(below / temperature).astype(np.float64, copy=False)
    return warm


def probabilities_of(logits: Array, ids: NDArray[np.intp]) -> Array:
    """The probabilities of some tokens of each row: `[n_rows, n_vocab]` and `[n_rows, k]` -> `[n_rows, k]`."""
    largest = logits.max(axis=1, keepdims=True)
    total = np.exp(logits - largest).sum(axis=1, keepdims=True)
    return np.exp(np.take_along_axis(logits, ids, axis=1) - largest) / total


def log_probabilities_of(logits: Array, ids: NDArray[np.intp]) -> Probabilities:
    """The logarithm of one token's probability in each row, in nats: `[n_rows, n_vocab]` and `[n_rows]` -> `[n_rows]`.

    Much faster than `log_softmax`, because only sums and their logarithms are computed in float64.
    """
    largest = logits.max(axis=1, keepdims=True)
    total = np.exp(logits - largest).sum(axis=1, dtype=np.float64)
    own = (np.take_along_axis(logits, ids[:, None], axis=1) - largest)[:, 0]
    return own.astype(np.float64) - np.log(total)


def log_softmax(logits: Array) -> Probabilities:
    """The logarithms of the probabilities over the last axis, in nats and in float64."""
    below = (logits - logits.max(axis=-1, keepdims=True)).astype(np.float64)
    return below - np.log(np.exp(below).sum(axis=-1, keepdims=True))


def entropy(logs: Probabilities) -> Probabilities:
    """The entropy of distributions, given by the logarithms of their probabilities, in bits: `[..., n]` -> `[...]`."""
    bits: Probabilities = -(np.exp(logs) * logs).sum(axis=-1) / math.log(2)
    return bits


def divergence(logs: Probabilities, others: Probabilities) -> Probabilities:
    """The Kullback-Leibler divergence of distributions p from others q, in nats: the sum of p ln(p / q).

    Given by the logarithms of their probabilities: `[..., n]` and `[..., n]` -> `[...]`.
    """
    nats: Probabilities = (np.exp(logs) * (logs - others)).sum(axis=-1)
    return nats


def standing(logits: Array, tokens: NDArray[np.intp]) -> Standing:
    """The standing of one token of each row: `[n_rows, n_vocab]` and `[n_rows]` -> 3 x `[n_rows]`."""
    column = tokens[:, None]
    own = np.take_along_axis(logits, column, axis=1)[:, 0]
    return Standing(own, probabilities_of(logits, column)[:, 0], ranks(logits, tokens))


def ranks(logits: Array, tokens: NDArray[np.intp]) -> NDArray[np.intp]:
    """The rank of one token of each row, from 1: `[n_rows, n_vocab]` and `[n_rows]` -> `[n_rows]`.

    Among tokens with equal logits, the lower id has the better rank.
    """
    column = tokens[:, None]
    own = np.take_along_axis(logits, column, axis=1)  # [n_rows, 1]
    ahead = (logits == own) & (np.arange(logits.shape[1]) < column)
    return 1 + (logits > own).sum(axis=1) + ahead.sum(axis=1)


def top(values: NDArray[np.floating[Any]], k: int) -> NDArray[np.intp]:
    """The indices of the k largest values of each row, the largest first: `[..., n]` -> `[..., k]`.

    Among equal values, the lower index comes first. For a whole vocabulary this is seven times as fast as
    `np.argpartition`: it finds the largest value of each block of 64, and sorts the best blocks only.
    """
    rows = values.reshape(-1, values.shape[-1])
    found = in_shares(len(rows), lambda share: _top(rows[share], min(k, rows.shape[1])))
    return np.concatenate(found).reshape(*values.shape[:-1], -1)


def _top(values: NDArray[np.floating[Any]], k: int) -> NDArray[np.intp]:
    n_rows, n = values.shape
    n_blocks = n // _BLOCK if n >= _BLOCK**2 and k <= n // _BLOCK else n
    best = _best_of_blocks(values, n_blocks)  # -> [n_rows, n_blocks]
    least = np.partition(best, n_blocks - k, axis=1)[:, -k, None]  # at least k values are as large
    rows, blocks = np.nonzero(best >= least)
    indices = blocks[:, None] + np.arange(0, n, n_blocks)  # -> [n_found, block]
    inside = indices < n  # some blocks have a value less than others
    rows, indices = np.broadcast_to(rows[:, None], indices.shape)[inside], indices[inside]  # -> 2 x [n_candidates]
    enough = values[rows, indices] >= least[rows, 0]
    rows, indices = rows[enough], indices[enough]
    order = np.lexsort((indices, -values[rows, indices], rows))
    first = np.searchsorted(rows, np.arange(n_rows))
    return indices[order][first[:, None] + np.arange(k)]


def _best_of_blocks(values: NDArray[np.floating[Any]], n_blocks: int) -> NDArray[np.floating[Any]]:
    """The largest of each block, which is every n_blocks-th value: `[n_rows, n]` -> `[n_rows, n_blocks]`."""
    n_rows, n = values.shape
    whole = n - n % n_blocks
    best: NDArray[np.floating[Any]] = values[:, :whole].reshape(n_rows, -1, n_blocks).max(axis=1)
    np.maximum(best[:, : n - whole], values[:, whole:], out=best[:, : n - whole])
    return best
