"""The hyperparameters of a GPT-2, read from the `config.json` beside its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

from udfs.backend.errors import ModelError, quoted
from udfs.backend.gpt2.json_files import read_object

Activation: TypeAlias = Literal["gelu_new", "gelu", "relu"]

# The names in `transformers` for the activations: GPT-2's GELU with tanh, GELU itself, and ReLU.
_ACTIVATIONS: Mapping[object, Activation] = {
    "gelu_new": "gelu_new",
    "gelu_pytorch_tanh": "gelu_new",
    "gelu_fast": "gelu_new",
    "gelu": "gelu",
    "relu": "relu",
}
# The largest sizes that are read, well above those of any GPT-2. They bound every loop over layers and names.
_LARGEST = {"n_layer": 1_000, "n_head": 1_000, "n_embd": 100_000, "n_inner": 1_000_000, "n_ctx": 1_000_000}
_LARGEST |= {"n_positions": 1_000_000, "vocab_size": 10_000_000}
_MOST_BYTES = 2**20  # of a config.json; GPT-2's has 665


@dataclass(frozen=True)
class Config:
    """GPT-2's shape, in the paper's names (Radford et al. 2019; `transformers.GPT2Config`).

    The fields with a default are GPT-2's own choices, which other checkpoints make differently. `tied` tells whether
    the unembedding is the token embedding, or a matrix `lm_head.weight` of its own.
    """

    n_layer: int
    n_head: int
    n_embd: int
    n_inner: int
    n_ctx: int
    n_vocab: int
    layer_norm_epsilon: float = 1e-5
    activation: Activation = "gelu_new"
    scale_attn_weights: bool = True
    scale_attn_by_inverse_layer_idx: bool = False
    tied: bool = True
    eos_token_id: int | None = None

    @property
    def d_head(self) -> int:
        """Channels of one head."""
        return self.n_embd // self.n_head

    @property
    def unembedding(self) -> str:
        """The tensor that turns the final stream into logits, `[n_vocab, n_embd]`."""
        return "wte.weight" if self.tied else "lm_head.weight"

    @property
    def is_gpt2(self) -> bool:
        """Whether every formula is GPT-2's own, so that a workbook may write it out."""
        usual = self.activation == "gelu_new" and self.scale_attn_weights and not self.scale_attn_by_inverse_layer_idx
        return usual and self.tied

    def score_divisor(self, layer: int) -> float:
        """What a block divides `query . key` by: sqrt(d_head), in Stanford's CRFM models times 1, 2, ..."""
        divisor = math.sqrt(self.d_head) if self.scale_attn_weights else 1.0
        return divisor * (layer + 1) if self.scale_attn_by_inverse_layer_idx else divisor

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every tensor of the checkpoint and its shape, in the order of the forward pass."""
        return self._shapes

    @cached_property  # a call of a linear layer needs two of the shapes
    def _shapes(self) -> Mapping[str, tuple[int, ...]]:
        n = self.n_embd
        shapes: dict[str, tuple[int, ...]] = {"wte.weight": (self.n_vocab, n), "wpe.weight": (self.n_ctx, n)}
        for layer in range(self.n_layer):
            for name, shape in {
                "ln_1.weight": (n,),
                "ln_1.bias": (n,),
                "attn.c_attn.weight": (n, 3 * n),
                "attn.c_attn.bias": (3 * n,),
                "attn.c_proj.weight": (n, n),
                "attn.c_proj.bias": (n,),
                "ln_2.weight": (n,),
                "ln_2.bias": (n,),
                "mlp.c_fc.weight": (n, self.n_inner),
                "mlp.c_fc.bias": (self.n_inner,),
                "mlp.c_proj.weight": (self.n_inner, n),
                "mlp.c_proj.bias": (n,),
            }.items():
                shapes[f"h.{layer}.{name}"] = shape
        shapes |= {"ln_f.weight": (n,), "ln_f.bias": (n,)}
        return MappingProxyType(shapes if self.tied else {**shapes, "lm_head.weight": (self.n_vocab, n)})


def read_config(path: Path) -> Config:
    """The config in a Hugging Face `config.json`.

    Raises ModelError if the file cannot be read, describes another architecture, or lacks a hyperparameter.
    """
    values = read_object(path, _MOST_BYTES)
    return parse_config(values)


def parse_config(values: Mapping[str, object]) -> Config:
    """The config that these values of a `config.json` describe. Raises ModelError as `read_config` does."""
    if (kind := values.get("model_type", "gpt2")) != "gpt2":  # configs of 2019 have no model_type
        raise ModelError(f"config: model_type must be 'gpt2', not {quoted(kind)}")
    if _flag(values, "add_cross_attention", False):
        raise ModelError("config: add_cross_attention must be false for GPT-2, not true")
    n_embd, n_head = _size(values, "n_embd"), _size(values, "n_head")
    if n_embd % n_head:
        raise ModelError(f"config: n_embd must be a multiple of n_head, not {n_embd} with {n_head} heads")
    eos = values.get("eos_token_id")
    return Config(
        n_layer=_size(values, "n_layer"),
        n_head=n_head,
        n_embd=n_embd,
        n_inner=_size(values, "n_inner") if values.get("n_inner") else 4 * n_embd,
        n_ctx=_size(values, "n_positions" if "n_positions" in values else "n_ctx"),
        n_vocab=_size(values, "vocab_size"),
        layer_norm_epsilon=_epsilon(values),
        activation=_activation(values),
        scale_attn_weights=_flag(values, "scale_attn_weights", True),
        scale_attn_by_inverse_layer_idx=_flag(values, "scale_attn_by_inverse_layer_idx", False),
        tied=_flag(values, "tie_word_embeddings", True),
        eos_token_id=eos if isinstance(eos, int) else None,
    )


def _activation(values: Mapping[str, object]) -> Activation:
    name = values.get("activation_function", "gelu_new")
    if not isinstance(name, str) or name not in _ACTIVATIONS:
        raise ModelError(f"config: activation_function must be {', '.join(map(str, _ACTIVATIONS))}; not {quoted(name)}")
    return _ACTIVATIONS[name]


def _epsilon(values: Mapping[str, object]) -> float:
    epsilon = values.get("layer_norm_epsilon", 1e-5)
    if not isinstance(epsilon, float) or not 0 < epsilon < 1:
        raise ModelError(f"config: layer_norm_epsilon must be a small positive number, not {quoted(epsilon)}")
    return epsilon


def _flag(values: Mapping[str, object], name: str, default: bool) -> bool:
    flag = values.get(name, default)
    if not isinstance(flag, bool):
        raise ModelError(f"config: {name} must be true or false, not {quoted(flag)}")
    return flag


def _size(values: Mapping[str, object], name: str) -> int:
    size, largest = values.get(name), _LARGEST[name]
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= largest:
        raise ModelError(f"config: {name} must be a whole number 1 to {largest}, not {quoted(size)}")
    return size
