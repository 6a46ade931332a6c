"""The steps of attention, head by head, by the functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import udfs


def heads(qkv: NDArray[np.floating], n_head: int) -> list[list[NDArray[np.floating]]]:
    """Queries, keys and values of each head: `[n_seq, 3*n_embd]` -> `n_head` times three of `[n_seq, d_head]`."""
    return [
        list(parts)
        for parts in zip(*(np.split(part, n_head, axis=1) for part in np.split(qkv, 3, axis=1)), strict=True)
    ]


def mix(qkv: NDArray[np.floating], n_head: int) -> NDArray[np.floating]:
    """The outputs of all heads, side by side: `[n_seq, n_embd]`."""
    mixed = (udfs.gpt2_attention_mix(udfs.gpt2_attention_pattern(q, k), v) for q, k, v in heads(qkv, n_head))
    return np.hstack(list(mixed))
