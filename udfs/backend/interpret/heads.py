"""Attention heads: the patterns that they are known for, and their two circuits.

Sources: Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits" (the circuits, previous-token and
induction heads); Olsson et al. 2022 (induction heads); Wang et al. 2022 (duplicate-token heads). The scores are those
of TransformerLens's `head_detector`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.gpt2.forward import layer_norm, split_heads
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.places import head_channels
from udfs.backend.next_token import ranks, top
from udfs.backend.stream import residual_stream, trace_block

_CHUNK = 256  # rows of logits in memory at a time: 51 MB


class HeadScores(NamedTuple):
    """How much of its attention a head gives to three kinds of tokens, each 0 to 1.

    `previous`: the token just before. `duplicate`: earlier copies of the token itself. `induction`: the tokens that
    followed those copies. Each is a mean over the tokens that have any to look at, and None if no token has.
    """

    layer: int
    head: int
    previous: float | None
    duplicate: float | None
    induction: float | None


class KeyQuery(NamedTuple):
    """One head's scores before softmax, `[n_seq, n_seq]`, and what the biases add to them.

    `of_key` `[n_seq]` is the query's bias times each key: the same in every row. `of_query` `[n_seq]` is each query
    times the key's bias: the same all along a row, so softmax ignores it. Scores are -inf for later tokens.
    """

    scores: Array
    of_key: Array
    of_query: Array


class Written(NamedTuple):
    """For each token that a head reads: the tokens that it makes likeliest, `[n_ids, k]`, and the token's own rank."""

    ids: NDArray[np.intp]
    own_ranks: NDArray[np.intp]


def head_scores(ids: Sequence[int], model: Model) -> list[HeadScores]:
    """The scores of every head when the model reads these ids, by layer and head."""
    sought = [np.eye(len(ids), k=-1, dtype=bool), duplicates(ids), followers(ids)]
    scores = []
    for layer, residual in enumerate(residual_stream(ids, model)[:-1]):
        pattern = trace_block(layer, residual, model)[f"blocks.{layer}.attn.hook_pattern"]
        scores += [
            HeadScores(layer, head, *(_attention(own, mask) for mask in sought)) for head, own in enumerate(pattern)
        ]
    return scores


def duplicates(ids: Sequence[int]) -> NDArray[np.bool_]:
    """For each token (row), which earlier tokens are the same: `[n_seq, n_seq]`."""
    array = np.array(ids)
    return np.tril(array[:, None] == array[None, :], k=-1)


def followers(ids: Sequence[int]) -> NDArray[np.bool_]:
    """For each token (row), which earlier tokens follow an earlier copy of it: `[n_seq, n_seq]`."""
    follows = np.zeros((len(ids), len(ids)), bool)
    follows[:, 1:] = duplicates(ids)[:, :-1]
    return np.tril(follows, k=-1)  # a token right after its own copy is not earlier than itself


def key_query(ids: Sequence[int], layer: int, head: int, model: Model) -> KeyQuery:
    """Where one head looks: its scores when the model reads these ids, taken apart."""
    seen = trace_block(layer, residual_stream(ids, model)[layer], model)
    q, k, scores = (seen[f"blocks.{layer}.attn.hook_{what}"][head] for what in ("q", "k", "attn_scores"))
    q_bias, k_bias, _ = split_heads(model[f"h.{layer}.attn.c_attn.bias"][None], model.config.n_head)
    scale = model.config.score_divisor(layer)
    b_q, b_k = q_bias[head, 0], k_bias[head, 0]  # [d_head]
    return KeyQuery(scores, k @ b_q / scale, (q - b_q) @ b_k / scale)


def output_value(ids: Sequence[int], layer: int, head: int, k: int, model: Model) -> Written:
    """What one head writes if it looks at a token and the stream there holds nothing but the token's embedding.

    The embedding goes through ln_1, the head's values and its rows of c_proj. ln_f's weight then scales the channels;
    its division by the spread is left out, because that changes no order.
    """
    found = [_written(ids[start : start + _CHUNK], layer, head, k, model) for start in range(0, len(ids), _CHUNK)]
    return Written(np.concatenate([part.ids for part in found]), np.concatenate([part.own_ranks for part in found]))


def _written(ids: Sequence[int], layer: int, head: int, k: int, model: Model) -> Written:
    own = head_channels(head, model.config)
    of_values = slice(2 * model.config.n_embd + own.start, 2 * model.config.n_embd + own.stop)
    c_attn = f"h.{layer}.attn.c_attn"
    x = layer_norm(model.rows("wte.weight", ids), f"h.{layer}.ln_1", model)  # [n_ids, n_embd]
    v = x @ model[f"{c_attn}.weight"][:, of_values] + model[f"{c_attn}.bias"][of_values]  # -> [n_ids, d_head]
    out = v @ model[f"h.{layer}.attn.c_proj.weight"][own]  # -> [n_ids, n_embd]
    out = (out - out.mean(axis=-1, keepdims=True)) * model["ln_f.weight"]
    logits = model.linear("lm_head")(out)  # -> [n_ids, n_vocab]
    return Written(top(logits, k), ranks(logits, np.array(ids)))


def _attention(pattern: Array, mask: NDArray[np.bool_]) -> float | None:
    """The attention that falls on the mask: a mean over the rows in which the mask has any token."""
    rows = mask.any(axis=1)
    return float((pattern * mask).sum() / rows.sum()) if rows.any() else None
