"""A model in the middle of a text: it reads on, and gives the logits of the token that comes next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.generate.kv_cache import KVCache
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import next_logits
from udfs.backend.result_cache import Cache
from udfs.backend.stream import quick_block


class Reader:
    """Reads a prompt, then one continuation of it."""

    def __init__(self, prompt: Sequence[int], model: Model) -> None:
        self._model, self._n_prompt = model, len(prompt)
        cache, self._last = _read(tuple(prompt), model)
        self._cache = cache.copy()

    @property
    def n_read(self) -> int:
        """How many tokens have been read, those of the prompt included."""
        return self._cache.n_seq

    def next_logits(self) -> Array:
        """The logits of the next token, `[n_vocab]`."""
        logits: Array = next_logits(self._last, self._model)[0]
        return logits

    def read(self, ids: Sequence[int]) -> Array:
        """Reads further tokens. The logits after each of them, `[len(ids), n_vocab]`."""
        residual = self._through(ids)
        self._last = residual[-1:]
        return next_logits(residual, self._model)

    def go_back(self, n_read: int) -> None:
        """Forgets all but the first tokens. `next_logits` is right again after the next `read`."""
        self._cache.go_back(n_read)

    def beams(self) -> BeamReader:
        """Starts reading several continuations in parallel."""
        return BeamReader(self._cache, self._n_prompt, self._last, self._model)

    def _through(self, ids: Sequence[int]) -> Array:
        residual = forward.embed(ids, self._model, start=self._cache.n_seq)  # [n_new] -> [n_new, n_embd]
        return through_blocks(residual, self._cache, self._n_prompt, self._model)


_kept = Cache()


def _read(prompt: tuple[int, ...], model: Model) -> tuple[KVCache, Array]:
    """The keys and values of a prompt, and the last row of its final stream, `[1, n_embd]`.

    They are kept, because the cells of a workbook continue one prompt in many ways.
    """

    def compute() -> tuple[KVCache, Array]:
        cache = KVCache()
        residual = through_blocks(forward.embed(prompt, model), cache, len(prompt), model)
        return cache, residual[-1:]

    read: tuple[KVCache, Array] = _kept.get((prompt, model.fingerprint), compute)
    return read


class BeamReader:
    """Continuations of equal length of one prompt, read together; at first there is one, the empty one."""

    def __init__(self, prompt: KVCache, n_prompt: int, last: Array, model: Model) -> None:
        self._model, self._n_prompt = model, n_prompt
        self._cache = KVCache(prompt)
        self._last = last  # [n_beams, n_embd]

    def next_logits(self) -> Array:
        """The logits of the next token of each continuation, `[n_beams, n_vocab]`."""
        return next_logits(self._last, self._model)

    def read(self, parents: Sequence[int], tokens: Sequence[int]) -> Array:
        """Adds a token to each of these continuations and returns their next logits.

        A continuation can be left out or repeated.
        """
        self._cache.choose(list(parents))
        start = self._cache.n_seq
        residual = np.stack([forward.embed([token], self._model, start=start) for token in tokens])
        self._last = through_blocks(residual, self._cache, self._n_prompt, self._model)[:, -1]  # -> [n_beams, n_embd]
        return self.next_logits()


def through_blocks(residual: Array, cache: KVCache, n_prompt: int, model: Model) -> Array:
    """The stream after the last block for new rows `[..., n_new, n_embd]`, whose keys and values the cache keeps."""
    start = cache.n_seq
    for layer in range(model.config.n_layer):
        residual = quick_block(layer, residual, model, cache.hook, start, n_prompt)
    cache.advance(residual.shape[-2])
    return residual
