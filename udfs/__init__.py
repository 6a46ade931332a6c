"""GPT-2's functions, for cells and for Python.

Each is a typed Python function; a cell calls it by the same name in capitals. A result depends on the arguments and on
the model's files alone. Hosts read the functions from `udfs.cells.FUNCTIONS`.

>>> import udfs
>>> udfs.gpt2_predict("If today is Tuesday, tomorrow is", k=1, model="demo")[1][1]
' Wednesday'
"""

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
from udfs.caveats import gpt2_caveat
from udfs.cells import CellError
from udfs.fact_edits import gpt2_edit_fact
from udfs.features import (
    gpt2_clamp_model,
    gpt2_sae_activation,
    gpt2_sae_decode,
    gpt2_sae_encode,
    gpt2_sae_feature,
)
from udfs.generation import (
    gpt2_beam,
    gpt2_beam_steps,
    gpt2_candidates,
    gpt2_generate,
    gpt2_generate_steps,
    gpt2_logprobs,
    gpt2_speculate,
)
from udfs.interventions import gpt2_circuit, gpt2_patch, gpt2_path_patch
from udfs.lens import (
    gpt2_attention,
    gpt2_head_scores,
    gpt2_kq,
    gpt2_lens_track,
    gpt2_logitlens,
    gpt2_ov,
)
from udfs.many_texts import gpt2_score
from udfs.reasons import gpt2_attribution, gpt2_neurons, gpt2_saliency
from udfs.surgery import (
    gpt2_added,
    gpt2_contrast,
    gpt2_direction,
    gpt2_divergence,
    gpt2_remove_model,
    gpt2_steer,
    gpt2_steer_generate,
    gpt2_steer_model,
)
from udfs.tokens import (
    gpt2_bpe_steps,
    gpt2_detokenize,
    gpt2_embed,
    gpt2_nearest_tokens,
    gpt2_position,
    gpt2_tokenize,
)
from udfs.version import gpt2_version
from udfs.weights import gpt2_info, gpt2_model, gpt2_parameters, gpt2_weight

__all__ = [
    "CellError",
    "gpt2_added",
    "gpt2_attention",
    "gpt2_attention_mix",
    "gpt2_attention_pattern",
    "gpt2_attention_scores",
    "gpt2_attribution",
    "gpt2_beam",
    "gpt2_beam_steps",
    "gpt2_block",
    "gpt2_bpe_steps",
    "gpt2_candidates",
    "gpt2_caveat",
    "gpt2_circuit",
    "gpt2_clamp_model",
    "gpt2_contrast",
    "gpt2_detokenize",
    "gpt2_direction",
    "gpt2_divergence",
    "gpt2_edit",
    "gpt2_edit_fact",
    "gpt2_embed",
    "gpt2_gelu",
    "gpt2_generate",
    "gpt2_generate_steps",
    "gpt2_head_scores",
    "gpt2_info",
    "gpt2_kq",
    "gpt2_layernorm",
    "gpt2_lens_track",
    "gpt2_linear",
    "gpt2_logitlens",
    "gpt2_logits",
    "gpt2_logprobs",
    "gpt2_model",
    "gpt2_nearest_tokens",
    "gpt2_neurons",
    "gpt2_ov",
    "gpt2_parameters",
    "gpt2_patch",
    "gpt2_path_patch",
    "gpt2_position",
    "gpt2_predict",
    "gpt2_remove_model",
    "gpt2_residual",
    "gpt2_sae_activation",
    "gpt2_sae_decode",
    "gpt2_sae_encode",
    "gpt2_sae_feature",
    "gpt2_saliency",
    "gpt2_score",
    "gpt2_softmax",
    "gpt2_speculate",
    "gpt2_steer",
    "gpt2_steer_generate",
    "gpt2_steer_model",
    "gpt2_tokenize",
    "gpt2_unembed",
    "gpt2_version",
    "gpt2_weight",
]
