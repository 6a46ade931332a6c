"""What every program that is measured can be asked to do. Each one runs in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array

TOP = 5  # tokens that the lens gives for a row


@dataclass(frozen=True)
class Everything:
    """What a workbook that shows the whole model needs of one prompt.

    `states`, `[n_layer+1, n_seq, n_embd]`: the stream before each block and after the last; `patterns`, `[n_layer,
    n_head, n_seq, n_seq]`; `top`, `[(n_layer+1)*n_seq, TOP]`: the token ids that the logit lens ranks first.
    """

    states: Array
    patterns: Array
    top: NDArray[np.integer]


class Program(Protocol):
    """One way to run GPT-2. What it cannot do raises NotImplementedError."""

    def __init__(self, folder: Path, n_threads: int) -> None:
        """Loads the checkpoint in that folder."""

    def forward(self, ids: Sequence[int]) -> Array:
        """The logits after the last token, `[n_vocab]`."""

    def read(self, ids: Sequence[int]) -> Array:
        """The same, and fills the cache of keys and values, whatever was in it before."""

    def decode(self, token: int) -> Array:
        """The logits `[n_vocab]` after one more token, which joins the cache."""

    def generate(self, ids: Sequence[int], count: int) -> list[int]:
        """The next tokens, each the most likely one, with a cache."""

    def everything(self, ids: Sequence[int]) -> Everything:
        """All that `Everything` holds."""


def greedy(program: Program, ids: Sequence[int], count: int) -> list[int]:
    """Generation for programs that bring none of their own."""
    tokens = [int(program.read(ids).argmax())]
    while len(tokens) < count:
        tokens.append(int(program.decode(tokens[-1]).argmax()))
    return tokens
