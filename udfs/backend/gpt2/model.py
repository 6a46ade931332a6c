"""A model that can be run: the tensors of a checkpoint with the edits of a model text."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from udfs.backend.arrays import Array, DType
from udfs.backend.fast.linears import Linears
from udfs.backend.gpt2.checkpoint import Tensors
from udfs.backend.gpt2.config import Config
from udfs.backend.gpt2.interventions import Intervention
from udfs.backend.gpt2.tokenizer import GPT2, Tokenizer


@dataclass(frozen=True, eq=False)
class Model:
    """Everything that the forward pass needs.

    Attributes:
        text: the model text that made it, such as `gpt2 ; scale h.9.attn by 0`.
        name: the checkpoint's name, such as `gpt2`.
        config: the hyperparameters.
        tensors: the weights by checkpoint name.
        linears: the linear layers by checkpoint name.
        bos: whether prompts begin with `<|endoftext|>`.
        source: identifies the files that the weights come from.
        saes: identifies the files of the sparse autoencoders, if the text reads any.
        edits: for each operation of the text, the first block that it changes (-1 for an embedding, `n_layer` for
            `ln_f`), and its text.
        interventions: how the text changes the residual stream.
        centred: whether sparse autoencoders read the stream centred over channels.
        tokenizer: turns texts into token ids: GPT-2's, or one of the model's own.
    """

    text: str
    name: str
    config: Config
    tensors: Tensors
    linears: Linears
    bos: bool = False
    source: Hashable = None
    saes: Hashable = ()
    edits: tuple[tuple[int, str], ...] = ()
    interventions: tuple[Intervention, ...] = ()
    centred: bool = True
    tokenizer: Tokenizer = GPT2

    @property
    def fingerprint(self) -> Hashable:
        """Equal for models that compute the same values."""
        return (self.text, self.source, self.saes)

    def fingerprint_before(self, layer: int) -> Hashable:
        """Equal for models whose embeddings and blocks before block `layer` compute the same values."""
        texts = [text for first, text in self.edits if first < layer]
        return (self.source, self.dtype, self.bos, (self.saes, self.centred) if texts else (), *texts)

    @property
    def dtype(self) -> DType:
        """The type of every array: float32, or float64 if the model text asks for it."""
        return self.tensors.dtype

    def __getitem__(self, name: str) -> Array:
        """The tensor of that checkpoint name."""
        return self.tensors[name]

    def rows(self, name: str, indices: Sequence[int]) -> Array:
        """Some rows of a matrix, such as the embeddings of a prompt, without reading the other rows."""
        return self.tensors.rows(name, indices)

    def token_text(self, token_id: int) -> str:
        """A token as text to read."""
        return self.tokenizer.token_text(token_id)

    def linear(self, name: str) -> Callable[[Array], Array]:
        """The linear layer of that name, `x @ W + b`: `h.0.attn.c_attn`, ..., or `lm_head`."""
        return self.linears[name]
