"""The readable forward pass over a whole text, with the model text's additions and without any cache."""

from __future__ import annotations

from collections.abc import Sequence

from udfs.backend import stream
from udfs.backend.arrays import Array
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.forward import Hook, no_hook
from udfs.backend.gpt2.model import Model


def final_stream(ids: Sequence[int], model: Model, hook: Hook = no_hook, n_prompt: int | None = None) -> Array:
    """The stream after the last block, `[n_seq, n_embd]`; the first `n_prompt` of the ids are the prompt."""
    residual = forward.embed(ids, model, hook)
    for layer in range(model.config.n_layer):
        residual = stream.block(layer, residual, model, hook, n_prompt=n_prompt)
    return residual


def all_logits(ids: Sequence[int], model: Model, n_prompt: int | None = None) -> Array:
    """The logits after each token, `[n_seq, n_vocab]`."""
    return forward.unembed(final_stream(ids, model, n_prompt=n_prompt), model)


def trace(ids: Sequence[int], model: Model) -> dict[str, Array]:
    """Every value up to the end of the last block, by TransformerLens's name."""
    seen: dict[str, Array] = {}
    final_stream(ids, model, stream.recorder(seen))
    return seen
