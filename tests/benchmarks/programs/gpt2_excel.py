"""This project, through the functions that its cells call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.programs.program import TOP, Everything, greedy
from udfs.backend import catalogue, ranking
from udfs.backend.arrays import Array
from udfs.backend.generate.kv_cache import KeyValues
from udfs.backend.gpt2 import forward

NAME = "this project"


class Measured:
    """`udfs.backend`, as many threads as the machine has cores."""

    def __init__(self, folder: Path, n_threads: int) -> None:
        os.environ["GPT2_EXCEL_MODELS"] = str(folder.parent)
        self.model = catalogue.load(folder.name)
        self.past = KeyValues(self.model.config)

    def forward(self, ids: Sequence[int]) -> Array:
        residual = forward.forward(ids, self.model)
        return forward.unembed(residual[-1:], self.model)[0]

    def read(self, ids: Sequence[int]) -> Array:
        self.past = KeyValues(self.model.config)
        return self._further(ids)

    def decode(self, token: int) -> Array:
        return self._further([token])

    def generate(self, ids: Sequence[int], count: int) -> list[int]:
        return greedy(self, ids, count)

    def everything(self, ids: Sequence[int]) -> Everything:
        states: list[Array] = []
        patterns: list[Array] = []
        kept = {"hook_resid_pre": states, "hook_pattern": patterns}

        def see(place: str, value: Array) -> Array:
            kept.get(place.rpartition(".")[2], []).append(value)
            return value

        states.append(forward.forward(ids, self.model, see))
        stream = np.stack(states)  # [n_layer + 1, n_seq, n_embd]
        logits = forward.unembed(stream.reshape(-1, stream.shape[-1]), self.model)  # [(n_layer+1)*n_seq, n_vocab]
        return Everything(stream, np.stack(patterns), ranking.top(logits, TOP))

    def _further(self, ids: Sequence[int]) -> Array:
        residual = forward.forward(ids, self.model, past=self.past)
        return forward.unembed(residual[-1:], self.model)[0]
