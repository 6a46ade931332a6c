"""This project, through the modules that its cell functions use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import udfs
from tests.benchmarks.programs.program import TOP, Everything, greedy
from udfs.backend import catalogue
from udfs.backend.arrays import Array
from udfs.backend.fast import forward as fast
from udfs.backend.generate.reader import Reader
from udfs.backend.gpt2 import forward
from udfs.backend.next_token import next_logits, top

NAME = "this project"


class Measured:
    """`udfs.backend`, with as many threads as the machine has cores."""

    def __init__(self, folder: Path, n_threads: int) -> None:
        os.environ["GPT2_EXCEL_MODELS"] = str(folder.parent)
        self.model = catalogue.load(folder.name)

    def forward(self, ids: Sequence[int]) -> Array:
        residual = forward.embed(ids, self.model)
        for layer in range(self.model.config.n_layer):
            residual = fast.block(layer, residual, self.model)
        return next_logits(residual[-1:], self.model)[0]

    def read(self, ids: Sequence[int]) -> Array:
        self.reader = Reader(ids, self.model)
        return self.reader.next_logits()

    def decode(self, token: int) -> Array:
        return self.reader.read([token])[-1]

    def generate(self, ids: Sequence[int], count: int) -> list[int]:
        return greedy(self, ids, count)

    def next_tokens(self, texts: Sequence[str]) -> list[int]:
        """The likeliest next token of each text, one call of the cell function after the other."""
        return [udfs.gpt2_predict(text, 1, 1, self.model.name)[1][2] for text in texts]

    def everything(self, ids: Sequence[int]) -> Everything:
        states: list[Array] = []
        patterns: list[Array] = []
        kept = {"hook_resid_pre": states, "hook_pattern": patterns}

        def hook(place: str, value: Array) -> Array:
            kept.get(place.rpartition(".")[2], []).append(value)
            return value

        residual = forward.embed(ids, self.model)
        for layer in range(self.model.config.n_layer):
            residual = forward.block(layer, residual, self.model, hook)
        stream = np.stack([*states, residual])  # [n_layer + 1, n_seq, n_embd]
        logits = forward.unembed(stream.reshape(-1, stream.shape[-1]), self.model)  # [(n_layer+1)*n_seq, n_vocab]
        return Everything(stream, np.stack(patterns), top(logits, TOP))
