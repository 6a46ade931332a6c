"""The hyperparameters of a GPT-2, read from the `config.json` beside its weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from udfs.backend.errors import ModelError

_TANH_GELU = {"gelu_new", "gelu_pytorch_tanh"}
# Values that GPT-2's architecture fixes. A checkpoint with other values would be computed wrongly, so it is refused.
_FIXED = {
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
    "tie_word_embeddings": True,
}


@dataclass(frozen=True)
class Config:
    """GPT-2's shape, in the paper's names (Radford et al. 2019; `transformers.GPT2Config`)."""

    n_layer: int
    n_head: int
    n_embd: int
    n_inner: int
    n_ctx: int
    n_vocab: int
    layer_norm_epsilon: float = 1e-5

    @property
    def d_head(self) -> int:
        """Channels of one head."""
        return self.n_embd // self.n_head

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
        return MappingProxyType({**shapes, "ln_f.weight": (n,), "ln_f.bias": (n,)})


def read_config(path: Path) -> Config:
    """The config in a Hugging Face `config.json`.

    Raises ModelError if the file cannot be read, describes another architecture, or lacks a hyperparameter.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path.name} of model {path.parent.name} cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise ModelError(f"{path.name} must hold a JSON object, not {type(values).__name__}")
    return parse_config(values)


def parse_config(values: Mapping[str, object]) -> Config:
    """The config that these values of a `config.json` describe. Raises ModelError as `read_config` does."""
    _check_architecture(values)
    n_embd, n_head = _size(values, "n_embd"), _size(values, "n_head")
    if n_embd % n_head:
        raise ModelError(f"config: n_embd must be a multiple of n_head, not {n_embd} with {n_head} heads")
    epsilon = values.get("layer_norm_epsilon", 1e-5)
    if not isinstance(epsilon, float) or not 0 < epsilon < 1:
        raise ModelError(f"config: layer_norm_epsilon must be a small positive number, not {epsilon!r}")
    return Config(
        n_layer=_size(values, "n_layer"),
        n_head=n_head,
        n_embd=n_embd,
        n_inner=_size(values, "n_inner") if values.get("n_inner") else 4 * n_embd,
        n_ctx=_size(values, "n_positions" if "n_positions" in values else "n_ctx"),
        n_vocab=_size(values, "vocab_size"),
        layer_norm_epsilon=epsilon,
    )


def _check_architecture(values: Mapping[str, object]) -> None:
    if (kind := values.get("model_type")) != "gpt2":
        raise ModelError(f"config: model_type must be 'gpt2', not {kind!r}")
    if (gelu := values.get("activation_function", "gelu_new")) not in _TANH_GELU:
        raise ModelError(f"config: activation_function must be one of {sorted(_TANH_GELU)}, not {gelu!r}")
    for name, fixed in _FIXED.items():
        if values.get(name, fixed) != fixed:
            raise ModelError(f"config: {name} must be {fixed} for GPT-2, not {values[name]!r}")


def _size(values: Mapping[str, object], name: str) -> int:
    size = values.get(name)
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise ModelError(f"config: {name} must be a positive whole number, not {size!r}")
    return size
