"""One prompt continued at several strengths of a steering vector, all of them read together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.generate.decoding import check_length
from udfs.backend.generate.kv_cache import KVCache
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.interventions import Addition, add_rows, scaled
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import next_logits
from udfs.backend.stream import block, quick_block


def continuations(
    prompt: Sequence[int], n_tokens: int, model: Model, addition: Addition, coefficients: Sequence[float]
) -> list[list[int]]:
    """The greedy continuations with a multiple of a vector added to the stream: one for each coefficient.

    A continuation has `n_tokens` tokens, or fewer if `<|endoftext|>` comes up, which is then the last.

    addition: the vector, and where it is added after the model text's own interventions

    Raises ModelError if prompt and continuation together are longer than the model's context.
    """
    check_length(len(prompt), n_tokens, model)
    reader = _Reader(len(prompt), model, addition, [scaled(of, addition.rows) for of in coefficients])
    found: list[list[int]] = [[] for _ in coefficients]
    going = list(range(len(coefficients)))
    residual = np.repeat(forward.embed(prompt, model)[None], len(going), axis=0)  # [n_texts, n_seq, n_embd]
    for _ in range(n_tokens):
        tokens = next_logits(reader.read(residual)[:, -1], model).argmax(axis=-1)  # -> [n_texts]
        for text, token in zip(going, tokens.tolist(), strict=True):
            found[text].append(token)
        kept = [row for row, token in enumerate(tokens.tolist()) if token != model.tokenizer.end_of_text]
        if not kept:
            break
        going = [going[row] for row in kept]
        start = reader.choose(kept)
        residual = np.stack([forward.embed([token], model, start=start) for token in tokens[kept].tolist()])
    return found


class _Reader:
    """Several texts of equal length, read side by side, each steered by rows of its own."""

    def __init__(self, n_prompt: int, model: Model, addition: Addition, rows: Sequence[Array]) -> None:
        self._n_prompt, self._model, self._addition, self._rows = n_prompt, model, addition, rows
        self._cache = KVCache()

    def read(self, residual: Array) -> Array:
        """The stream after the last block for new tokens: `[n_texts, n_new, n_embd]` -> the same."""
        start = self._cache.n_seq
        for layer in range(self._model.config.n_layer):
            steered = layer == self._addition.layer
            through, hook = (block, self._steer) if steered else (quick_block, self._cache.hook)
            residual = through(layer, residual, self._model, hook, start, self._n_prompt)
        self._cache.advance(residual.shape[-2])
        return residual

    def choose(self, texts: Sequence[int]) -> int:
        """Goes on with these texts only. Returns the position of their next token."""
        self._cache.choose(list(texts))
        self._rows = [self._rows[text] for text in texts]
        return self._cache.n_seq

    def _steer(self, place: str, value: Array) -> Array:
        """A hook that adds each text's rows at the place, and keeps keys and values."""
        if place != self._addition.hook:
            return self._cache.hook(place, value)
        start, positions = self._cache.n_seq, self._addition.positions
        texts = zip(value, self._rows, strict=True)
        return np.stack([add_rows(text, rows, positions, start, self._n_prompt) for text, rows in texts])
