"""Several continuations of one prompt, read side by side, so that each linear layer is one product for all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.generate.sampling import next_logits
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret import batch
from udfs.backend.interpret.runs import run


class Readings:
    """Continuations of equal length, at first one, the empty one. Each keeps its own tokens' keys and values."""

    def __init__(self, prompt: Sequence[int], model: Model) -> None:
        config = model.config
        known = run(prompt, model)
        self._model = model
        self._n_prompt = len(prompt)
        self._of_prompt = [known.past.kept(layer) for layer in range(config.n_layer)]
        none = np.empty((1, config.n_head, 0, config.d_head), model.dtype)
        self._own: list[tuple[Array, Array]] = [(none, none)] * config.n_layer
        self._last: Array = known.stream[-1][-1:]  # [n_readings, n_embd]

    def next_logits(self) -> Array:
        """Logits of the next token of each continuation, `[n_readings, n_vocab]`."""
        return next_logits(self._last, self._model)

    def read(self, parents: Sequence[int], tokens: Sequence[int]) -> Array:
        """Continuations made of old ones, which may be left out or go on twice, and a token more; their next logits."""
        n_before = self._n_prompt + self._own[0][0].shape[2]
        residual = np.stack([forward.embed([token], self._model, n_past=n_before) for token in tokens])
        for layer in range(self._model.config.n_layer):
            residual = self._block(layer, residual, list(parents))  # [n_readings, 1, n_embd]
        self._last = residual[:, -1]
        return self.next_logits()

    def _block(self, layer: int, residual: Array, parents: list[int]) -> Array:
        own = [kept[parents] for kept in self._own[layer]]  # 2 x [n_readings, n_head, n_own, d_head]
        before = [_joined(prompt, kept) for prompt, kept in zip(self._of_prompt[layer], own, strict=True)]
        seen: dict[str, Array] = {}

        def see(place: str, value: Array) -> Array:
            seen[place.rpartition(".")[2]] = value
            return value

        after = batch.block(layer, residual, self._model, see, (before[0], before[1]), self._n_prompt)
        keys, values = (
            np.concatenate([kept, seen[hook]], axis=2) for kept, hook in zip(own, ("hook_k", "hook_v"), strict=True)
        )
        self._own[layer] = (keys, values)
        return after


def _joined(of_prompt: Array, own: Array) -> Array:
    """The prompt's `[n_head, n_prompt, d_head]` before each reading's own `[n_readings, n_head, n_own, d_head]`."""
    return np.concatenate([np.broadcast_to(of_prompt, (len(own), *of_prompt.shape)), own], axis=2)
