"""The floor: every weight that a forward pass multiplies with is read once, from memory, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from tests.benchmarks.programs.program import Everything
from udfs.backend.arrays import Array

NAME = "reading the weights once (floor)"

_CHUNK = 2**20  # numbers, 4 MB


class Measured:
    """The maximum of all weights, by as many threads as the others get."""

    def __init__(self, folder: Path, n_threads: int) -> None:
        tensors = load_file(folder / "model.safetensors")
        flat = [tensor.reshape(-1) for name, tensor in tensors.items() if name != "wpe.weight"]
        chunks = [tensor[start : start + _CHUNK] for tensor in flat for start in range(0, tensor.size, _CHUNK)]
        self._parts = [chunks[i::n_threads] for i in range(n_threads)]
        self._threads = ThreadPoolExecutor(n_threads)

    def forward(self, ids: Sequence[int]) -> Array:
        if len(ids) > 10:
            raise NotImplementedError("arithmetic, not memory, is the limit of a long prompt")
        return np.array([max(self._threads.map(_read, self._parts))])

    def read(self, ids: Sequence[int]) -> Array:
        return self.forward(ids)

    def decode(self, token: int) -> Array:
        return self.forward([token])

    def generate(self, ids: Sequence[int], count: int) -> list[int]:
        return [int(self.forward(ids)[0]) for _ in range(count)]

    def everything(self, ids: Sequence[int]) -> Everything:
        raise NotImplementedError("arithmetic, not memory, is the limit of the lens")


def _read(chunks: list[Array]) -> float:
    return max(float(np.max(chunk)) for chunk in chunks)
