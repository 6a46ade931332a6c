"""The two circuits of an attention head: where it looks (query and key) and what it writes (output and value).

Source: Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.runs import run
from udfs.backend.ranking import top

_CHUNK = 256  # rows of logits that are in memory at once: 51 MB


@dataclass(frozen=True, eq=False)
class KeyQuery:
    """One head's scores before softmax, and what the biases add to them.

    A score `[n_seq, n_seq]` is what query and key have in common, plus `of_key` `[n_seq]` (the query's bias with the
    key: the same in every row), plus `of_query` `[n_seq]` (the query with the key's bias: the same all along a row, so
    softmax takes no notice). Scores are -inf where a token would look ahead.
    """

    scores: Array
    of_key: Array
    of_query: Array


@dataclass(frozen=True, eq=False)
class Written:
    """The tokens that a head makes most likely, for each token it reads `[n_ids, k]`, and the rank of that token."""

    ids: NDArray[np.intp]
    own_ranks: NDArray[np.intp]


def key_query(ids: Sequence[int], layer: int, head: int, model: Model) -> KeyQuery:
    """The scores of one head when the model reads these ids, taken apart."""
    seen = forward.trace_block(layer, run(ids, model).stream[layer], model)
    q, k, scores = (seen[f"blocks.{layer}.attn.hook_{what}"][head] for what in ("q", "k", "attn_scores"))
    q_bias, k_bias, _ = forward.split_qkv(model[f"h.{layer}.attn.c_attn.bias"][None], model.config.n_head)
    scale = math.sqrt(model.config.d_head)
    b_q, b_k = q_bias[head, 0], k_bias[head, 0]  # [d_head]
    return KeyQuery(scores, k @ b_q / scale, (q - b_q) @ b_k / scale)


def output_value(ids: Sequence[int], layer: int, head: int, k: int, model: Model) -> Written:
    """What one head writes where it looks at a token, if nothing but the token's embedding is in the stream there.

    The embedding goes through ln_1, the head's values and its rows of c_proj; the result counts as ln_f weighs its
    channels. ln_f's scale is left out, for it changes no order.
    """
    found = [_written(ids[start : start + _CHUNK], layer, head, k, model) for start in range(0, len(ids), _CHUNK)]
    return Written(np.concatenate([part.ids for part in found]), np.concatenate([part.own_ranks for part in found]))


def _written(ids: Sequence[int], layer: int, head: int, k: int, model: Model) -> Written:
    n_embd, d_head = model.config.n_embd, model.config.d_head
    own = slice(head * d_head, (head + 1) * d_head)
    of_values = slice(2 * n_embd + own.start, 2 * n_embd + own.stop)
    c_attn = f"h.{layer}.attn.c_attn"
    x = forward.layer_norm(model.rows("wte.weight", ids), f"h.{layer}.ln_1", model)  # [n_ids, n_embd]
    v = x @ model[f"{c_attn}.weight"][:, of_values] + model[f"{c_attn}.bias"][of_values]  # -> [n_ids, d_head]
    out = v @ model[f"h.{layer}.attn.c_proj.weight"][own]  # -> [n_ids, n_embd]
    out = (out - out.mean(axis=-1, keepdims=True)) * model["ln_f.weight"]
    logits = model.layers["lm_head"](out)  # -> [n_ids, n_vocab]
    of_own = logits[np.arange(len(ids)), list(ids)][:, None]
    return Written(top(logits, k), 1 + (logits > of_own).sum(axis=-1))
