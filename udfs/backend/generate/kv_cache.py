"""The keys and values of the tokens that a model has read, so that the next token costs one row only."""

from __future__ import annotations

import numpy as np

from udfs.backend.arrays import Array

_HOOKS = ("hook_k", "hook_v")


class KVCache:
    """Keys and values of every block; lives as long as one generation.

    With `prompt`, the cache of a prompt, it continues that prompt with several texts at once and leaves the prompt's
    cache as it is. The keys of the texts are `[n_texts, n_head, n_own, d_head]`, those of the prompt are shared.
    """

    def __init__(self, prompt: KVCache | None = None) -> None:
        self._prompt = prompt
        self._kept: dict[str, Array] = {}  # by place; longer than n_own, so that growing is rare
        self._n_own = 0

    @property
    def nbytes(self) -> int:
        """The bytes of its own keys and values."""
        return sum(kept.nbytes for kept in self._kept.values())

    def copy(self) -> KVCache:
        """A cache that starts with the same keys and values."""
        copied = KVCache(self._prompt)
        copied._kept = {place: kept.copy() for place, kept in self._kept.items()}
        copied._n_own = self._n_own
        return copied

    @property
    def n_seq(self) -> int:
        """How many tokens have been read."""
        return self._n_own + (self._prompt.n_seq if self._prompt else 0)

    def hook(self, place: str, value: Array) -> Array:
        """A hook for the forward pass: keeps the new keys and values and gives those of all tokens so far.

        They count as read only after `advance`, because every block has to keep its own first.
        """
        if not place.endswith(_HOOKS):
            return value
        stop = self._n_own + value.shape[-2]
        kept = self._kept[place] = self._with_room(place, value, stop)
        kept[..., self._n_own : stop, :] = value
        if self._prompt is None:
            return kept[..., :stop, :]
        shared = self._prompt._kept[place][..., : self._prompt.n_seq, :]
        shared = np.broadcast_to(shared, (*value.shape[:-3], *shared.shape))
        return np.concatenate([shared, kept[..., :stop, :]], axis=-2)

    def advance(self, n_seq: int) -> None:
        """Counts this many more tokens as read."""
        self._n_own += n_seq

    def go_back(self, n_seq: int) -> None:
        """Forgets all but the first `n_seq` tokens."""
        self._n_own = min(self._n_own, n_seq)

    def choose(self, texts: list[int]) -> None:
        """Keeps only these texts, in this order. A text can be repeated."""
        self._kept = {place: kept[texts] for place, kept in self._kept.items()}

    def _with_room(self, place: str, value: Array, n_seq: int) -> Array:
        kept = self._kept.get(place)
        if kept is not None and n_seq <= kept.shape[-2]:
            return kept
        grown = np.empty((*value.shape[:-2], max(16, 2 * n_seq), value.shape[-1]), value.dtype)
        if kept is not None:
            grown[..., : self._n_own, :] = kept[..., : self._n_own, :]
        return grown
