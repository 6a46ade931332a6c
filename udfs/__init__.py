"""What a cell can call: every public GPT2_* function, and the one list of them that hosts read."""

from udfs.anatomy import (
    gpt2_attention_mix,
    gpt2_attention_pattern,
    gpt2_attention_scores,
    gpt2_block,
    gpt2_edit,
    gpt2_gelu,
    gpt2_layernorm,
    gpt2_linear,
    gpt2_logits,
    gpt2_predict,
    gpt2_residual,
    gpt2_softmax,
    gpt2_unembed,
)
from udfs.model import gpt2_info, gpt2_model, gpt2_parameters, gpt2_weight
from udfs.tokens import (
    gpt2_bpe_steps,
    gpt2_detokenize,
    gpt2_embed,
    gpt2_nearest_tokens,
    gpt2_position,
    gpt2_tokenize,
)

__all__ = [
    "gpt2_attention_mix",
    "gpt2_attention_pattern",
    "gpt2_attention_scores",
    "gpt2_block",
    "gpt2_bpe_steps",
    "gpt2_detokenize",
    "gpt2_edit",
    "gpt2_embed",
    "gpt2_gelu",
    "gpt2_info",
    "gpt2_layernorm",
    "gpt2_linear",
    "gpt2_logits",
    "gpt2_model",
    "gpt2_nearest_tokens",
    "gpt2_parameters",
    "gpt2_position",
    "gpt2_predict",
    "gpt2_residual",
    "gpt2_softmax",
    "gpt2_tokenize",
    "gpt2_unembed",
    "gpt2_weight",
]
