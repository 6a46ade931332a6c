"""Activation patching: values of a clean run put into a corrupted run, one place at a time.

The result is the share of the damage that a patch repairs. With the difference between two tokens' logits, it is
(patched - corrupted) / (clean - corrupted): 0 if the patch does nothing, 1 if it restores everything.

No token changes anything before it, so a patched run begins at the patched block and the patched token, and many such
runs go through a block together.

Sources: Meng et al. 2022 (causal tracing), Wang et al. 2022 (indirect objects); `transformer_lens.patching`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.forward import Hook, layer_norm
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.gradients import gradients, logit
from udfs.backend.stream import block, residual_stream, trace_block

# What can be patched, and its place in a block.
HOOKS = {
    "positions": "hook_resid_pre",
    "heads": "attn.hook_z",
    "attn": "hook_attn_out",
    "mlp": "hook_mlp_out",
}

GRADIENT = "gradient"

_ROWS = 256  # of runs that go through a block together


@dataclass(frozen=True, eq=False)
class Pair:
    """A clean and a corrupted prompt of the same number of tokens, and the two tokens that tell them apart.

    Raises ModelError if they differ in length, or if both give the same difference between the two tokens' logits.
    """

    clean: Sequence[int]
    corrupted: Sequence[int]
    answer: int
    wrong: int
    model: Model

    def __post_init__(self) -> None:
        n_clean, n_corrupted = len(self.clean), len(self.corrupted)
        if n_clean != n_corrupted:
            raise ModelError(f"corrupted must have {n_clean} tokens, as many as clean, not {n_corrupted}")
        if self.gap == 0:
            raise ModelError(
                "corrupted must change the logit difference between answer and wrong, but it stays the same"
            )

    @cached_property
    def clean_stream(self) -> tuple[Array, ...]:
        return residual_stream(self.clean, self.model)

    @cached_property
    def corrupted_stream(self) -> tuple[Array, ...]:
        return residual_stream(self.corrupted, self.model)

    @cached_property
    def gap(self) -> float:
        """The clean run's difference of logits minus the corrupted run's."""
        ends = np.stack([self.clean_stream[-1][-1], self.corrupted_stream[-1][-1]])
        clean, corrupted = self.differences(ends)
        return float(clean - corrupted)

    @cached_property
    def first(self) -> int:
        """The first position at which the prompts differ: a patch before it changes nothing."""
        return next(i for i, (a, b) in enumerate(zip(self.clean, self.corrupted, strict=True)) if a != b)

    @cached_property
    def corrupted_keys(self) -> dict[str, Array]:
        """The keys and values of the corrupted run by place, each `[n_head, n_seq, d_head]`."""
        layers = range(self.model.config.n_layer)
        traces = (trace_block(layer, self.corrupted_stream[layer], self.model) for layer in layers)
        return {
            place: value for seen in traces for place, value in seen.items() if place.endswith(("hook_k", "hook_v"))
        }

    def clean_values(self, what: str, layer: int) -> Array:
        """The value at the patched place of a block in the clean run."""
        return self._values(what, layer, self.clean_stream)

    def corrupted_values(self, what: str, layer: int) -> Array:
        """The value at the same place in the corrupted run."""
        return self._values(what, layer, self.corrupted_stream)

    def _values(self, what: str, layer: int, stream: Sequence[Array]) -> Array:
        return trace_block(layer, stream[layer], self.model)[f"blocks.{layer}.{HOOKS[what]}"]

    def differences(self, ends: Array) -> Array:
        """The answer's logit minus the wrong token's, for last rows of the final stream: `[n, n_embd]` -> `[n]`."""
        answer, wrong = self.model.rows(self.model.config.unembedding, [self.answer, self.wrong])  # 2 x [n_embd]
        return layer_norm(ends, "ln_f", self.model) @ (answer - wrong)

    def restored(self, ends: Array) -> Array:
        """The share restored, for last rows of the final stream: `[n, n_embd]` -> `[n]`."""
        corrupted = self.differences(self.corrupted_stream[-1][-1:])
        return (self.differences(ends) - corrupted) / self.gap


def patch(pair: Pair, what: str = "positions") -> Array:
    """The share that each patch restores, a row per layer.

    "positions" patches the stream that enters the block, at one position: `[n_layer, n_seq]`. "attn" and "mlp" patch
    what that half of the block adds, at one position: likewise. "heads" patches the z of one head, at all positions:
    `[n_layer, n_head]`.
    """
    layers = range(pair.model.config.n_layer)
    if what == "heads":
        return np.stack([_patch_heads(layer, pair) for layer in layers])
    return np.stack([_patch_positions(layer, what, pair) for layer in layers])


def attribution_patch(pair: Pair) -> Array:
    """An estimate of `patch(pair, "positions")`, `[n_layer, n_seq]`, from one forward and one backward pass in all.

    The gradient of the logit difference in the corrupted run, times the change that the patch would make. It is exact
    for a small change (attribution patching, Nanda 2023).
    """
    what, layers = "positions", range(pair.model.config.n_layer)
    found = gradients(pair.corrupted, logit(pair.answer, pair.wrong), pair.model).places
    slopes = np.stack([found[f"blocks.{layer}.{HOOKS[what]}"] for layer in layers])  # [n_layer, n_seq, n_embd]
    change = np.stack([pair.clean_values(what, layer) - pair.corrupted_values(what, layer) for layer in layers])
    return np.asarray((slopes * change).sum(axis=-1) / pair.gap)


def patched_ends(layer: int, what: str, chosen: NDArray[np.intp], values: Array, start: int, pair: Pair) -> Array:
    """Last rows of the final stream of corrupted runs with values patched into one block: `[n_runs, n_embd]`.

    The runs begin at position `start`. In each, the `chosen` positions (counted from `start`) or heads, `[n_runs,
    n_chosen]`, get the `values`: `[n_runs, n_chosen, n_embd]`, or `[n_runs, n_chosen, n_seq - start, d_head]` for
    heads.
    """
    patched = f"blocks.{layer}.{HOOKS[what]}"
    runs = np.arange(len(chosen))[:, None]

    def patch_in(place: str, value: Array) -> Array:
        if place == patched:
            value = value.copy()
            value[runs, chosen] = values
        return value

    return corrupted_ends(layer, len(chosen), start, patch_in, pair)


def corrupted_ends(layer: int, n_runs: int, start: int, hook: Hook, pair: Pair) -> Array:
    """Last rows of the final stream of corrupted runs, `[n_runs, n_embd]`, from a block and a position on.

    The hook changes the runs. It sees the values of the tokens from position `start` on only.
    """

    def with_earlier_keys(place: str, value: Array) -> Array:
        value = hook(place, value)
        if place in pair.corrupted_keys:
            before = pair.corrupted_keys[place][:, :start]
            value = np.concatenate([np.broadcast_to(before, (n_runs, *before.shape)), value], axis=-2)
        return value

    residuals = np.repeat(pair.corrupted_stream[layer][None, start:], n_runs, axis=0)
    for later in range(layer, pair.model.config.n_layer):
        residuals = block(later, residuals, pair.model, with_earlier_keys, start)
    return residuals[:, -1]


def _patch_positions(layer: int, what: str, pair: Pair) -> Array:
    clean = pair.clean_values(what, layer)  # [n_seq, n_embd]
    shares = np.zeros(len(clean), clean.dtype)
    for start, stop in _spans(pair.first, len(clean)):
        chosen = np.arange(stop - start)[:, None]
        ends = patched_ends(layer, what, chosen, clean[start:stop, None], start, pair)
        shares[start:stop] = pair.restored(ends)
    return shares


def _patch_heads(layer: int, pair: Pair) -> Array:
    clean = pair.clean_values("heads", layer)[:, pair.first :]  # [n_head, n_seq - first, d_head]
    return pair.restored(patched_ends(layer, "heads", np.arange(len(clean))[:, None], clean[:, None], pair.first, pair))


def _spans(first: int, n_seq: int) -> Iterator[tuple[int, int]]:
    """Positions that are patched together: their runs begin at the first of them and have as many rows as fit."""
    start = first
    while start < n_seq:
        stop = min(n_seq, start + max(1, _ROWS // (n_seq - start)))
        yield start, stop
        start = stop
