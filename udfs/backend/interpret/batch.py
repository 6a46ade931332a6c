"""Several readings of equal length through a block at once, so that each linear layer is one product for all.

The rows of all readings stand one under the other; only attention is computed for each reading by itself. What
`forward.block` does to a row stays there: this takes the queries, keys and values apart and puts z together again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.forward import See, unseen
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.additions import steered

KeysAndValues: TypeAlias = "tuple[Array, Array]"

_QKV = ("hook_q", "hook_k", "hook_v")
_TOKENS_BY_TOKENS = ("hook_attn_scores", "hook_pattern")


def block(
    layer: int,
    residuals: Array,
    model: Model,
    see: See = unseen,
    before: KeysAndValues | None = None,
    n_prompt: int | None = None,
) -> Array:
    """One block for readings of equal length: `[n_runs, n_seq, n_embd]` -> the same.

    `see` is shown what `forward.block` shows, with the readings as a first axis. `before` has keys and values of tokens
    that stand before the rows: `[n_head, n_before, d_head]` for all readings, or `[n_runs, n_head, n_before, d_head]`.
    The rows reach to the end of the prompts, unless `n_prompt` says that these have fewer tokens.
    """
    n_runs, n_seq, n_embd = residuals.shape
    n_head = model.config.n_head
    n_before = before[0].shape[-2] if before else 0
    # forward.block would take all rows for one reading
    see = steered(see, model.additions, n_before, n_before + n_seq if n_prompt is None else n_prompt)
    plain = replace(model, additions=())
    before_of = dict(zip(("hook_k", "hook_v"), before, strict=True)) if before else {}

    def see_readings(place: str, value: Array) -> Array:
        hook = place.rpartition(".")[2]
        if hook in _QKV:  # [n_head, n_runs*n_seq, d_head] -> [n_runs, n_head, n_seq, d_head]
            seen = see(place, value.reshape(n_head, n_runs, n_seq, -1).swapaxes(0, 1))
            if hook in before_of:
                kept = before_of[hook]
                seen = np.concatenate([np.broadcast_to(kept, (n_runs, *kept.shape[-3:])), seen], axis=2)
            return seen.reshape(n_runs * n_head, -1, seen.shape[-1])
        if hook in _TOKENS_BY_TOKENS:  # [n_runs*n_head, n_seq, n_before + n_seq]
            return see(place, value.reshape(n_runs, n_head, *value.shape[1:])).reshape(value.shape)
        if hook == "hook_z":  # [n_runs*n_head, n_seq, d_head] -> [n_head, n_runs*n_seq, d_head]
            seen = see(place, value.reshape(n_runs, n_head, n_seq, -1))
            return seen.swapaxes(0, 1).reshape(n_head, n_runs * n_seq, -1)
        return see(place, value.reshape(n_runs, n_seq, -1)).reshape(value.shape)

    return forward.block(layer, residuals.reshape(-1, n_embd), plain, see_readings).reshape(residuals.shape)
