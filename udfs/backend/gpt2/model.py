"""A model that can be run: a checkpoint with its edits made."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from udfs.backend.arrays import Array, DType
from udfs.backend.fast.layers import Layers
from udfs.backend.gpt2.checkpoint import Tensors
from udfs.backend.gpt2.config import Config
from udfs.backend.interpret.additions import Addition


@dataclass(frozen=True, eq=False)
class Model:
    """What the forward pass needs of a model.

    `text` is the model text that made it and names it in full; `bos` says that prompts begin with `<|endoftext|>`;
    `source` tells the files that it was read from; `additions` are made to the stream wherever it runs; `centred` says
    that sparse autoencoders read the stream centred over channels.
    """

    text: str
    name: str
    config: Config
    tensors: Tensors
    layers: Layers
    bos: bool = False
    source: Hashable = None
    additions: tuple[Addition, ...] = ()
    centred: bool = True

    @property
    def fingerprint(self) -> Hashable:
        """Equal for models that compute the same."""
        return (self.text, self.source)

    @property
    def dtype(self) -> DType:
        """What it computes in: float32, or float64 where its text says so."""
        return self.tensors.dtype

    def __getitem__(self, parameter: str) -> Array:
        """The tensor of that checkpoint name."""
        return self.tensors[parameter]

    def rows(self, parameter: str, indices: Sequence[int]) -> Array:
        """Some rows of a matrix, such as the embeddings of a prompt; the others need not be read."""
        return self.tensors.rows(parameter, indices)
