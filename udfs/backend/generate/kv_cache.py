"""Keys and values of the tokens that a model has read, so that the next one need not read them again."""

from __future__ import annotations

import numpy as np

from udfs.backend.arrays import FLOAT32, Array, DType
from udfs.backend.gpt2.config import Config


class KeyValues:
    """What each block's attention keeps of the tokens so far: keys and values `[n_head, n_seq, d_head]`.

    `n_prompt` of the tokens are the prompt, as additions at some of its positions need to know; None where that is not
    said, and then the prompt is what is read first.
    """

    def __init__(self, config: Config, n_prompt: int | None = None, dtype: DType = FLOAT32) -> None:
        self._config = config
        self.n_prompt = n_prompt
        self._room = 0
        self._keys, self._values = [np.empty((config.n_layer, config.n_head, 0, config.d_head), dtype)] * 2
        self._lengths = [0] * config.n_layer

    @property
    def n_seq(self) -> int:
        """Tokens that every block has read."""
        return self._lengths[-1]

    def n_read(self, layer: int) -> int:
        """Tokens that this block has read."""
        return self._lengths[layer]

    @property
    def nbytes(self) -> int:
        return self._keys.nbytes + self._values.nbytes

    def grow(self, layer: int, n_new: int) -> None:
        """Makes the last places of that block the places of new tokens, which `put` fills."""
        self._make_room(self._lengths[layer] + n_new)
        self._lengths[layer] += n_new

    def put(self, layer: int, heads: slice, k: Array, v: Array) -> tuple[Array, Array]:
        """Keeps some heads' keys and values of the new tokens; those heads' of all tokens of that block."""
        keys, values = (kept[heads] for kept in self.kept(layer))
        n_new = k.shape[1]
        keys[:, -n_new:], values[:, -n_new:] = k, v
        return keys, values

    def kept(self, layer: int) -> tuple[Array, Array]:
        """The keys and values that this block keeps, each `[n_head, n_seq, d_head]`."""
        n_seq = self._lengths[layer]
        return self._keys[layer, :, :n_seq], self._values[layer, :, :n_seq]

    def copy(self, n_seq: int, n_blocks: int) -> KeyValues:
        """A copy of what the first blocks keep of the first tokens; the other blocks have read nothing."""
        copied = KeyValues(self._config, self.n_prompt, self._keys.dtype)
        copied._make_room(n_seq)
        copied._keys[:n_blocks, :, :n_seq] = self._keys[:n_blocks, :, :n_seq]
        copied._values[:n_blocks, :, :n_seq] = self._values[:n_blocks, :, :n_seq]
        copied._lengths[:n_blocks] = [n_seq] * n_blocks
        return copied

    def forget(self, n_seq: int) -> None:
        """Drops what every block keeps of the tokens after the first n."""
        self._lengths = [min(n_read, n_seq) for n_read in self._lengths]

    def _make_room(self, n_seq: int) -> None:
        """Room for that many tokens, and as many again where it must grow, so that growing is rare."""
        if n_seq <= self._room:
            return
        room = min(max(n_seq, 2 * self._room, 16), max(self._config.n_ctx, n_seq))
        shape = (self._config.n_layer, self._config.n_head, room, self._config.d_head)
        for name in ("_keys", "_values"):
            grown = np.empty(shape, self._keys.dtype)
            grown[:, :, : self._room] = getattr(self, name)
            setattr(self, name, grown)
        self._room = room
