"""The logit lens: the tokens that the model would predict if it stopped at a layer.

Source: nostalgebraist, "interpreting GPT: the logit lens" (2020). ln_f uses the statistics of each layer's own
residual, so the last layer's answer is the model's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.batches import Batch, for_each, streams, with_entering
from udfs.backend.gpt2.forward import no_hook
from udfs.backend.gpt2.interventions import with_interventions
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import (
    Standing,
    divergence,
    entropy,
    log_softmax,
    logits_in_chunks,
    probabilities_of,
    standing,
    top,
)
from udfs.backend.result_cache import Cache, content_key
from udfs.backend.stream import residual_stream, trace_block

_kept = Cache()


class Tops(NamedTuple):
    """The most likely tokens of each row, the likeliest first, and their probabilities: each `[..., k]`."""

    ids: NDArray[np.intp]
    probabilities: Array


def stages(ids: Sequence[int], model: Model, halves: bool = False) -> dict[str, Array]:
    """The stream at each depth by its place: `h.0` ... `h.12`, each `[n_seq, n_embd]`.

    With `halves` also after each attention: `h.0`, `h.0.mid`, `h.1`, and so on.
    """
    change = with_interventions(no_hook, model.interventions, 0, len(ids))  # a block changes its input first
    found = {}
    for layer, residual in enumerate(residual_stream(ids, model)):
        found[f"h.{layer}"] = change(f"blocks.{layer}.hook_resid_pre", residual)
        if halves and layer < model.config.n_layer:
            found[f"h.{layer}.mid"] = trace_block(layer, residual, model)[f"blocks.{layer}.hook_resid_mid"]
    return found


def outputs(ids: Sequence[int], model: Model) -> dict[str, Array]:
    """What each attention and each MLP writes to the stream, by its place: `h.0.attn`, `h.0.mlp`, `h.1.attn`, ..."""
    found = {}
    for layer, residual in enumerate(residual_stream(ids, model)[:-1]):
        seen = trace_block(layer, residual, model)
        for half in ("attn", "mlp"):
            found[f"h.{layer}.{half}"] = seen[f"blocks.{layer}.hook_{half}_out"]
    return found


def tops(residual: Array, k: int, model: Model) -> Tops:
    """The k most likely tokens of every row: `[..., n_embd]` -> `[..., k]`.

    They are kept, because a workbook shows tokens and probabilities in tables of their own.
    """
    key = (content_key(residual), k, model.fingerprint)
    found: Tops = _kept.get(key, lambda: _tops(residual, k, model))
    return found


def _tops(residual: Array, k: int, model: Model) -> Tops:
    found = [
        (chosen, probabilities_of(logits, chosen))
        for logits in logits_in_chunks(residual, model)
        for chosen in [top(logits, k)]
    ]
    shape = (*residual.shape[:-1], -1)
    ids, probabilities = (np.concatenate(part).reshape(shape) for part in zip(*found, strict=True))
    return Tops(ids, probabilities)


def entropies(residual: Array, model: Model) -> Array:
    """How unsure the lens is at every row, in bits: `[..., n_embd]` -> `[...]`."""
    found = [entropy(log_softmax(logits)) for logits in logits_in_chunks(residual, model)]
    return np.concatenate(found).reshape(residual.shape[:-1])


def divergences(residual: Array, model: Model) -> Array:
    """How far every depth is from the last one, in bits: `[n_depths, n_rows, n_embd]` -> `[n_depths, n_rows]`.

    The Kullback-Leibler divergence of the model's answer p from the lens: the sum of p log2(p / lens).
    """
    columns = []
    for depths in residual.swapaxes(0, 1):  # [n_depths, n_embd]: one row at every depth
        logs = np.concatenate([log_softmax(logits) for logits in logits_in_chunks(depths, model)])
        columns.append(divergence(logs[-1], logs))
    return np.stack(columns, axis=1) / math.log(2)


def track(residual: Array, token: int, model: Model) -> Standing:
    """The standing of one token at every row: `[n_rows, n_embd]` -> 3 x `[n_rows]`."""
    return _standing(residual, np.full(len(residual), token), model)


def _standing(residual: Array, tokens: NDArray[np.intp], model: Model) -> Standing:
    """The standing of each row's own token: `[n_rows, n_embd]` and `[n_rows]` -> 3 x `[n_rows]`."""
    parts, start = [], 0
    for logits in logits_in_chunks(residual, model):
        parts.append(standing(logits, tokens[start : start + len(logits)]))
        start += len(logits)
    return Standing(*(np.concatenate(numbers) for numbers in zip(*parts, strict=True)))


def tracks(
    prompts: Sequence[Sequence[int]], positions: Sequence[int], tokens: Sequence[int], model: Model
) -> list[Standing]:
    """`track` for each of many prompts, at one of its positions and for one token: each 3 x `[n_layer + 1]`."""

    def work(batch: Batch) -> list[Standing]:
        places = list(batch.places)
        rows, followed = batch.starts + np.array(positions)[places], np.array(tokens)[places]
        depths = [
            with_entering(layer, residual, batch, model)[rows] for layer, residual in enumerate(streams(batch, model))
        ]
        found = [_standing(depth, followed, model) for depth in depths]
        return [
            Standing(*(np.array(numbers) for numbers in zip(*of_prompt, strict=True)))
            for of_prompt in zip(*(zip(*of_depth, strict=True) for of_depth in found), strict=True)
        ]

    return for_each(prompts, work)
