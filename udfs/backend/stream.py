"""The residual stream of a prompt, with the changes that the model text makes to it.

Everything outside `gpt2/` reads prompts through this module, so that these interventions are never forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from udfs.backend.arrays import Array
from udfs.backend.fast import forward as fast
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.forward import Hook, no_hook
from udfs.backend.gpt2.interventions import with_interventions
from udfs.backend.gpt2.model import Model
from udfs.backend.result_cache import Cache
from udfs.backend.stopping import check_wanted

_kept = Cache()


def residual_stream(ids: Sequence[int], model: Model) -> tuple[Array, ...]:
    """The stream that enters each block, then the stream that leaves the last block: each `[n_seq, n_embd]`.

    What the model text changes at `h.2` is not yet changed in the stream that enters block 2: the block does it first.

    Each is kept, and used again for the same ids by any model that computes the same up to there.
    """
    prompt = tuple(ids)
    stream: list[Array] = []
    for layer in range(model.config.n_layer + 1):
        compute = partial(quick_block, layer - 1, stream[-1], model) if layer else partial(forward.embed, prompt, model)
        stream.append(_kept.get((prompt, layer, model.fingerprint_before(layer)), compute))
    return tuple(stream)


def block(
    layer: int, residual: Array, model: Model, hook: Hook = no_hook, start: int = 0, n_prompt: int | None = None
) -> Array:
    """One block with the interventions of the model text: `[..., n_seq, n_embd]` -> the same.

    The hook sees values after the interventions. The first row is at position `start`. The prompt has `n_prompt`
    tokens; if that is left out, it ends with the last row. Raises Stopped if the result is no longer wanted.
    """
    check_wanted()
    length = start + residual.shape[-2] if n_prompt is None else n_prompt
    return forward.block(layer, residual, model, with_interventions(hook, model.interventions, start, length))


def quick_block(
    layer: int, residual: Array, model: Model, hook: Hook = no_hook, start: int = 0, n_prompt: int | None = None
) -> Array:
    """The same for a hook that looks at keys and values only, so that long prompts take half the time."""
    if any(intervention.layer == layer for intervention in model.interventions):
        return block(layer, residual, model, hook, start, n_prompt)
    check_wanted()
    return fast.block(layer, residual, model, hook)


def trace_block(layer: int, residual: Array, model: Model) -> dict[str, Array]:
    """Every value inside a block, by TransformerLens's name, for the stream of a prompt that enters it.

    Per head: q, k, v, z `[n_head, n_seq, d_head]`, scores and pattern `[n_head, n_seq, n_seq]`. All others have a row
    per token.
    """
    seen: dict[str, Array] = {}
    block(layer, residual, model, recorder(seen))
    return seen


def trace_embedding(ids: Sequence[int], model: Model) -> dict[str, Array]:
    """The token embeddings and the position embeddings of a prompt, each `[n_seq, n_embd]`."""
    seen: dict[str, Array] = {}
    forward.embed(ids, model, recorder(seen))
    return seen


def recorder(seen: dict[str, Array]) -> Hook:
    """A hook that writes every value into `seen`, by its place."""

    def record(place: str, value: Array) -> Array:
        seen[place] = value
        return value

    return record
