"""What a model computed for a prompt, kept for the next question.

A second question about the same prompt costs nothing; a longer prompt costs its new tokens; a model that was edited in
block k, or to which something else is added there, costs the blocks from k on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.generate.kv_cache import KeyValues
from udfs.backend.gpt2.forward import block, embed
from udfs.backend.gpt2.model import Model
from udfs.backend.result_cache import Cache

_MAX_BYTES = 512 * 2**20

_runs = Cache(_MAX_BYTES)


@dataclass(frozen=True, eq=False)
class Run:
    """One reading of a prompt.

    `stream[layer]` enters that block, `stream[n_layer]` leaves the last one, each `[n_seq, n_embd]`. What the model
    adds to the stream at `h.layer` is not yet in it: the block adds it first of all.
    """

    ids: tuple[int, ...]
    model: Model
    stream: tuple[Array, ...]
    past: KeyValues

    @property
    def nbytes(self) -> int:
        return self.past.nbytes + sum(residual.nbytes for residual in self.stream)


def run(ids: Sequence[int], model: Model) -> Run:
    """The model's reading of these ids, from what is kept as far as that goes."""
    wanted = tuple(ids)
    found: Run = _runs.get((model.fingerprint, wanted), lambda: _compute(wanted, model))
    return found


def _compute(ids: tuple[int, ...], model: Model) -> Run:
    known, n_seq, n_blocks = _most_useful(ids, model)
    past = known.past.copy(n_seq, n_blocks) if known else KeyValues(model.config, dtype=model.dtype)
    past.n_prompt = len(ids)
    new = embed(ids[n_seq:], model, n_past=n_seq)  # [n_new, n_embd]
    stream = [_joined(known, 0, n_seq, new)]
    for layer in range(model.config.n_layer):
        if layer == n_blocks:  # from here on nothing is known, so every row is new
            new = stream[layer]
        if len(new):
            new = block(layer, new, model, past=past)
        stream.append(new if layer >= n_blocks else _joined(known, layer + 1, n_seq, new))
    for residual in stream:
        residual.setflags(write=False)
    return Run(ids, model, tuple(stream), past)


def _most_useful(ids: tuple[int, ...], model: Model) -> tuple[Run | None, int, int]:
    """The kept run that saves most, and of how many tokens and blocks it tells the same."""
    best: tuple[Run | None, int, int] = (None, 0, 0)
    for known in _runs.values():
        for n_seq, n_blocks in _alike(known, ids, model):
            if n_seq * n_blocks > best[1] * best[2]:
                best = (known, n_seq, n_blocks)
    return best


def _alike(known: Run, ids: tuple[int, ...], model: Model) -> tuple[tuple[int, int], tuple[int, int]]:
    """Two choices of how many tokens, and of how many blocks, a kept run tells the same: most tokens, most blocks.

    They differ where something is added at the prompt's last token, which is another one in a prompt of another length.
    """
    n_seq, n_blocks = _common_prefix(known.ids, ids), _shared_blocks(known.model, model)
    at_last = min((a.layer for a in model.additions if a.positions.needs_length), default=n_blocks)
    if at_last >= n_blocks:
        return (n_seq, n_blocks), (n_seq, n_blocks)
    return (n_seq, at_last), (min(n_seq, len(known.ids) - 1, len(ids) - 1), n_blocks)


def _common_prefix(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _shared_blocks(a: Model, b: Model) -> int:
    """How many of the first blocks are the same in both; none where the embeddings differ."""
    if a.config != b.config:
        return 0
    changed = [name for name in a.tensors if not a.tensors.shares(name, b.tensors)]
    if any(name.startswith("w") for name in changed):
        return 0
    layers = [int(name.split(".")[1]) for name in changed if name.startswith("h.")]
    return min([*layers, _first_other_addition(a, b)])


def _first_other_addition(a: Model, b: Model) -> int:
    """The first block in which the models add different things to the stream; n_layer where there is none."""
    for layer in range(a.config.n_layer):
        of_a, of_b = ([addition for addition in m.additions if addition.layer == layer] for m in (a, b))
        if len(of_a) != len(of_b) or not all(x.is_same(y) for x, y in zip(of_a, of_b, strict=True)):
            return layer
    return a.config.n_layer


def _joined(known: Run | None, layer: int, n_seq: int, new: Array) -> Array:
    return new if known is None else np.concatenate([known.stream[layer][:n_seq], new])
