"""The residual stream that enters the block, computed by the demo model while it reads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.catalogue import load
from udfs.backend.fast.linears import Linears
from udfs.backend.gpt2.checkpoint import CONFIG_FILE, open_checkpoint
from udfs.backend.gpt2.forward import block, embed
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.sae import centre

_AT_ONCE: Final = 32
_WORKERS: Final = 2


class Streams(NamedTuple):
    """Rows of tokens, one after the other, and the centred stream at each.

    x: [n_tokens, n_embd]
    tokens: [n_tokens]
    """

    x: Array
    tokens: NDArray[np.int64]


def open_model(model: str) -> Model:
    """The model in a folder, or the installed model of that name."""
    folder = Path(model)
    if not (folder / CONFIG_FILE).is_file():
        return load(model)
    checkpoint = open_checkpoint(folder)
    return Model(model, folder.name, checkpoint.config, checkpoint.tensors, Linears(checkpoint.tensors))


def collect(model: Model, layer: int, rows: Iterator[list[int]], n_rows: int) -> Streams:
    """The streams of the next `n_rows` rows, which are of equal length."""
    batches = [list(islice(rows, min(_AT_ONCE, n_rows - at))) for at in range(0, n_rows, _AT_ONCE)]
    with ThreadPoolExecutor(_WORKERS) as pool:
        x = np.concatenate(list(pool.map(lambda batch: _stream(model, layer, batch), batches)))
    return Streams(x, np.array([ids for batch in batches for ids in batch], dtype=np.int64).reshape(-1))


def _stream(model: Model, layer: int, batch: list[list[int]]) -> Array:
    """The stream that enters the block: -> [n_rows * length, n_embd]."""
    residual = np.stack([embed(ids, model) for ids in batch])  # [n_rows, length, n_embd]
    for number in range(layer):
        residual = block(number, residual, model)
    return centre(residual.reshape(-1, residual.shape[-1]))
