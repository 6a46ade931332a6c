"""The forward pass in steps, each a function on cells: LayerNorm, attention, MLP, block, head."""

from __future__ import annotations

import re

import numpy as np

from udfs import arguments as arg
from udfs import cells
from udfs.backend.arrays import Array
from udfs.backend.gpt2 import forward, tokenizer
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret import places
from udfs.backend.next_token import next_logits, probabilities, top
from udfs.backend.stream import block, residual_stream
from udfs.cells import CellError, Table
from udfs.function import cell_function

_LAYER_NORM = re.compile(r"h\.\d+\.ln_[12]|ln_f")
_LINEAR = re.compile(r"h\.\d+\.(?:attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj)")


@cell_function
def gpt2_layernorm(x: arg.Residual, parameter: arg.Name, model: arg.Model = arg.LEFT_OUT) -> Array:
    """LayerNorm: each row centred, divided by its standard deviation, times a weight, plus a bias.

    x: a row a token, n_embd columns
    parameter: h.0.ln_1, h.0.ln_2 (and so on for each block) or ln_f

    Example: =GPT2_LAYERNORM(B5#, "h.0.ln_1")
    """
    _check_parameter(parameter, _LAYER_NORM, "h.0.ln_1, h.0.ln_2 or ln_f", model)
    return forward.layer_norm(x, parameter, model)


@cell_function
def gpt2_linear(x: arg.Numbers, parameter: arg.Name, model: arg.Model = arg.LEFT_OUT) -> Array:
    """A linear layer: x @ W + b.

    x: a row a token; as many columns as the layer takes
    parameter: h.0.attn.c_attn, h.0.attn.c_proj, h.0.mlp.c_fc or h.0.mlp.c_proj (and so on for each block)

    Example: =GPT2_LINEAR(B5#, "h.0.attn.c_attn")
    """
    _check_parameter(parameter, _LINEAR, "h.0.attn.c_attn, h.0.attn.c_proj, h.0.mlp.c_fc or h.0.mlp.c_proj", model)
    n_in = model.config.shapes()[f"{parameter}.weight"][0]
    return model.linear(parameter)(arg.check_width(x, "x", n_in, model))


def _check_parameter(parameter: str, pattern: re.Pattern[str], allowed: str, model: Model) -> None:
    if not pattern.fullmatch(parameter) or f"{parameter}.weight" not in model.config.shapes():
        raise CellError(f"parameter must be one such as {allowed} of {model.name}, not {parameter!r}")


@cell_function
def gpt2_attention_scores(qkv: arg.Qkv, head: arg.Head, model: arg.Model = arg.LEFT_OUT) -> Table:
    """One head's scores before softmax, tokens x tokens: query . key / sqrt(d_head).

    A row for the token that looks, a column for the token looked at. Blank above the diagonal, because no token
    sees a later one.

    Example: =GPT2_ATTENTION_SCORES(B50#, 0)
    """
    q, k, _ = forward.split_heads(qkv, model.config.n_head)
    scores = forward.attention_scores(q[head : head + 1], k[head : head + 1])[0]  # -> [n_seq, n_seq]
    return [[*row[: i + 1], *[None] * (len(row) - i - 1)] for i, row in enumerate(scores.tolist())]


@cell_function
def gpt2_attention_pattern(qkv: arg.Qkv, head: arg.Head, model: arg.Model = arg.LEFT_OUT) -> Array:
    """Where one head looks, tokens x tokens: softmax of its scores. Rows sum to 1; zeros above the diagonal.

    A row for the token that looks, a column for the token looked at.

    Example: =GPT2_ATTENTION_PATTERN(B50#, 0)
    """
    q, k, _ = forward.split_heads(qkv, model.config.n_head)
    return forward.softmax(forward.attention_scores(q[head : head + 1], k[head : head + 1]))[0]


@cell_function
def gpt2_attention_mix(qkv: arg.Qkv, model: arg.Model = arg.LEFT_OUT) -> Array:
    """What every head gathers: its pattern times its values, all heads side by side, n_embd columns.

    Example: =GPT2_ATTENTION_MIX(B50#)
    """
    q, k, v = forward.split_heads(qkv, model.config.n_head)
    return forward.join_heads(forward.softmax(forward.attention_scores(q, k)) @ v)


@cell_function
def gpt2_gelu(x: arg.Numbers) -> Array:
    """GELU, cell by cell: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).

    Example: =GPT2_GELU(B200#)
    """
    return forward.gelu(x)


@cell_function
def gpt2_softmax(x: arg.Numbers, temperature: arg.Temperature = 1.0) -> Array:
    """Softmax of each row: positive numbers that sum to 1, the largest input getting the most.

    x: a range of numbers, each row on its own
    temperature: divides x first; below 1 sharper, above 1 flatter, 0 gives all to the largest

    Example: =GPT2_SOFTMAX(B5:F5, 0.7)
    """
    return probabilities(x, temperature)


@cell_function
def gpt2_block(layer: arg.Layer, residual: arg.Residual, model: arg.Model = arg.LEFT_OUT) -> Array:
    """A whole transformer block: the residual stream in, the residual stream out, same shape.

    Example: =GPT2_BLOCK(0, Embeddings!B5#)
    """
    return block(layer, residual, model)


@cell_function
def gpt2_edit(values: arg.Numbers, edits: arg.Cells) -> Array:
    """The values with every number of `edits` put over its cell; blank cells leave the value as it is.

    values: a range of numbers, such as the residual stream
    edits: a range that starts at the same corner, mostly blank

    Excel refuses typing into a spilled range; a workbook asks for edits beside it and passes both through this.

    Example: =GPT2_EDIT(B5#, B40:CG71)
    """
    edited, given = values.copy(), cells.grid(edits, "edits")
    filled = np.array([[not cells.is_blank(value) for value in row] for row in given.tolist()], bool)
    for row, column in np.argwhere(filled):
        if row >= values.shape[0] or column >= values.shape[1]:
            raise CellError(
                f"edits must lie within {values.shape[0]} x {values.shape[1]} values, "
                f"not in row {row + 1}, column {column + 1}"
            )
    if filled.any():
        numbers = cells.numbers(np.where(filled, given, 0.0), "edits")
        edited[: given.shape[0], : given.shape[1]][filled] = numbers[filled]
    return edited


@cell_function
def gpt2_logits(
    residual: arg.Residual,
    k: arg.Count = 10,
    temperature: arg.Temperature = 1.0,
    model: arg.Model = arg.LEFT_OUT,
) -> Table:
    """The most likely next tokens after the final stream's last row: rank, token, id, logit, probability.

    residual: the stream after the last block; its last row counts
    k: how many tokens

    Example: =GPT2_LOGITS('Block 11'!B5#, 10)
    """
    return _most_likely(residual, k, temperature, model)


@cell_function
def gpt2_unembed(residual: arg.Residual, ids: arg.Ids = arg.LEFT_OUT, model: arg.Model = arg.LEFT_OUT) -> Array:
    """The logits of chosen tokens, or of all: final LayerNorm, then the token embedding.

    ids: the tokens; blank for all of them

    Returns a row for each row of the stream and a column for each id. All tokens run down instead, with a column
    for each row of the stream, because a sheet has fewer columns than GPT-2 has tokens.

    Example: =GPT2_UNEMBED('Block 11'!B5#, C3:C8)
    """
    if ids is None:
        return forward.unembed(residual, model).T  # -> [n_vocab, n_seq]
    x = forward.layer_norm(residual, "ln_f", model)
    return x @ model.rows("wte.weight", ids).T  # [n_seq, n_embd] -> [n_seq, n_ids]


@cell_function
def gpt2_predict(
    prompt: arg.Prompt,
    k: arg.Count = 10,
    temperature: arg.Temperature = 1.0,
    model: arg.Model = arg.LEFT_OUT,
) -> Table:
    """The most likely next tokens after a prompt: rank, token, id, logit, probability.

    k: how many tokens

    Example: =GPT2_PREDICT("If today is Tuesday, tomorrow is", 5)
    """
    return _most_likely(residual_stream(prompt, model)[-1], k, temperature, model)


def _most_likely(residual: Array, k: int, temperature: float, model: Model) -> Table:
    logits = next_logits(residual[-1:], model)[0]  # -> [n_vocab]
    probability = probabilities(logits, temperature)
    rows = [
        [rank, tokenizer.token_text(int(token)), int(token), float(logits[token]), float(probability[token])]
        for rank, token in enumerate(top(logits, k), start=1)
    ]
    return [["rank", "token", "id", "logit", "probability"], *rows]


@cell_function
def gpt2_residual(prompt: arg.Prompt, place: arg.Place, model: arg.Model = arg.LEFT_OUT) -> Table | Array:
    """What stands at a place in the model when it reads a prompt: the stream, or q, k, v, z, pattern, mlp.

    place: h.2 (entering block 2), h.2.attn, h.2.mlp, h.2.attn.head.0, ln_f, or blocks.2.hook_resid_pre

    A row a token. h.2.mid and h.2.out are the stream after attention and after the MLP. h.2.attn.q (k, v, z,
    scores, pattern) has its heads side by side; h.2.attn.head.0.pattern is one head's. Masked scores are blank.
    All of TransformerLens's names are understood.

    Example: =GPT2_RESIDUAL("Mike is quick. He moves", "h.2")
    """
    value = places.value_at(place, prompt, model)
    if place.hook.endswith("hook_attn_scores"):
        return [[number if np.isfinite(number) else None for number in row] for row in value.tolist()]
    return value
