"""Many prompts continued at once: prompts of equal length read each new token together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from udfs.backend.batches import Batch, for_each
from udfs.backend.generate.decoding import without_end
from udfs.backend.generate.kv_cache import KVCache
from udfs.backend.generate.reader import through_blocks
from udfs.backend.generate.sampling import Sampling, choose, random_numbers
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import next_logits


def continuations(
    prompts: Sequence[Sequence[int]], n_tokens: int, model: Model, sampling: Sampling, seed: int
) -> list[list[int]]:
    """Up to `n_tokens` further tokens of each prompt, without `<|endoftext|>`, which ends a continuation.

    Every prompt draws with the same random numbers, as it would alone.
    """

    def work(batch: Batch) -> list[list[int]]:
        found: list[list[int]] = []
        start = 0
        for count, _ in batch.of_equal_length():
            found += _continued(batch.prompts[start : start + count], n_tokens, model, sampling, seed)
            start += count
        return found

    return for_each(prompts, work)


def _continued(
    prompts: Sequence[Sequence[int]], n_tokens: int, model: Model, sampling: Sampling, seed: int
) -> list[list[int]]:
    """The continuations of prompts of equal length."""
    n_prompt, cache, numbers = len(prompts[0]), KVCache(), random_numbers(seed)
    made: list[list[int]] = [[] for _ in prompts]
    going_on = list(range(len(prompts)))  # the places of texts that have not ended
    new: Sequence[Sequence[int]] = prompts
    for left in range(n_tokens - 1, -1, -1):
        residual = np.stack([forward.embed(ids, model, start=cache.n_seq) for ids in new])  # [n_texts, n_new, n_embd]
        last = through_blocks(residual, cache, n_prompt, model)[:, -1]  # -> [n_texts, n_embd]
        number = numbers()
        for place, logits in zip(going_on, next_logits(last, model), strict=True):
            made[place].append(choose(logits, sampling, number))
        kept = [at for at, place in enumerate(going_on) if made[place][-1] != model.tokenizer.end_of_text]
        if not kept or not left:
            break
        if len(kept) < len(going_on):
            cache.choose(kept)
            going_on = [going_on[at] for at in kept]
        new = [made[place][-1:] for place in going_on]
    return [without_end(ids, model) for ids in made]
