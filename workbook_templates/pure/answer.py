"""The answer that a large workbook stores, so that a viewer, and a program before its first calculation, shows one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.linears import Linears
from udfs.backend.gpt2.checkpoint import Tensors
from udfs.backend.gpt2.forward import block, embed, softmax, unembed
from udfs.backend.gpt2.model import Model
from workbook_templates.pure.contents import Contents, Weights
from workbook_templates.pure.weights import MATRICES


class Candidate(NamedTuple):
    """One of the most likely next tokens."""

    token: str
    token_id: int
    logit: float
    probability: float


def candidates(contents: Contents, prompt: str, count: int) -> list[Candidate]:
    """The most likely tokens after a prompt, computed with the weights that the workbook holds."""
    ids = contents.model.tokenizer.encode(prompt)
    residual = embed(ids, as_written(contents))
    for layer in range(contents.config.n_layer):
        residual = block(layer, residual, as_written(contents))  # a model of its own frees the weights afterwards
    logits = unembed(residual[-1:], as_written(contents))[0]  # -> [n_vocab]
    shares = softmax(logits.astype(np.float64))
    best = np.argsort(-logits, kind="stable")[:count].tolist()
    return [Candidate(contents.model.token_text(i), i, float(logits[i]), float(shares[i])) for i in best]


def as_written(contents: Contents) -> Model:
    """The model with rounded weights, each tensor computed when it is asked for."""
    tensors = Tensors({name: _Reader(contents, name) for name in contents.config.shapes()})
    return replace(contents.model, tensors=tensors, linears=Linears(tensors))


@dataclass(frozen=True)
class _Reader:
    """A tensor of the workbook as an array."""

    contents: Contents
    name: str

    def __call__(self) -> Array:
        contents, name = self.contents, self.name
        if name == "wte.weight":
            rows = np.empty(contents.config.shapes()[name], np.float32)
            rows[list(contents.ids)] = _product(contents.wte, axis=1)
            if contents.others:
                rows[list(contents.others)] = contents.other_row
            return rows
        if name == "wpe.weight":
            return _product(contents.wpe, axis=1)
        if name.split(".", 2)[-1] in MATRICES:
            return _product(contents.matrix(name), axis=0)
        return contents.model[name]

    def rows(self, indices: Sequence[int]) -> Array:
        return self()[list(indices)]

    def release(self) -> None:
        """Does nothing: no copy is kept."""


def _product(weights: Weights, axis: int) -> Array:
    if weights.scales is None:
        return weights.numbers
    found: Array = weights.numbers * np.expand_dims(weights.scales, axis).astype(np.float32)
    return found
