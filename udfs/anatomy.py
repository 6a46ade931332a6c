"""The forward pass in steps, each a function on cells: LayerNorm, attention, MLP, block, head."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import ArrayLike

from udfs.backend.arrays import Array
from udfs.backend.errors import quoted
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret import places
from udfs.backend.next_token import next_logits, probabilities, top
from udfs.backend.stream import block, residual_stream
from udfs.cells import CellError, Table, cell_function
from udfs.cells import arguments as arg
from udfs.cells import values as cells
from udfs.cells.arguments import Cells, Texts

_LAYER_NORM = r"h\.\d+\.ln_[12]|ln_f"
_MOST_TOKENS = 4096  # of one pattern, which has as many columns as rows
_LINEAR = r"h\.\d+\.(?:attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj)"


@cell_function
def gpt2_layernorm(x: ArrayLike, parameter: str, model: str = "") -> Array:
    """LayerNorm: each row centred, divided by its standard deviation, times a weight, plus a bias.

    x: a row for each token, n_embd columns
    parameter: h.0.ln_1, h.0.ln_2 (and so on for each block) or ln_f

    Returns the same shape. The variance is the population's, and 1e-5 is added to it.

    Raises: CellError if x is not n_embd columns wide, or if the model has no such LayerNorm.
    Source: Ba, Kiros and Hinton 2016, "Layer Normalization".
    Example: =GPT2_LAYERNORM(B5#, "h.0.ln_1")
    """
    gpt2 = arg.model(model)
    rows = arg.residual(x, gpt2, "x")
    layer_norm = _parameter(parameter, _LAYER_NORM, "h.0.ln_1, h.0.ln_2 or ln_f", gpt2)
    return forward.layer_norm(rows, layer_norm, gpt2)


@cell_function
def gpt2_linear(x: ArrayLike, parameter: str, model: str = "") -> Array:
    """A linear layer: x @ W + b.

    x: a row for each token; as many columns as the layer takes
    parameter: h.0.attn.c_attn, h.0.attn.c_proj, h.0.mlp.c_fc or h.0.mlp.c_proj (and so on for each block)

    Returns a row for each row of x, and a column for each output of the layer.

    Raises: CellError if x has more or fewer columns than the layer takes, or if the model has no such layer.
    Example: =GPT2_LINEAR(B5#, "h.0.attn.c_attn")
    """
    gpt2 = arg.model(model)
    rows = arg.numbers(x, "x", gpt2.dtype)
    allowed = "h.0.attn.c_attn, h.0.attn.c_proj, h.0.mlp.c_fc or h.0.mlp.c_proj"
    linear = _parameter(parameter, _LINEAR, allowed, gpt2)
    n_in = gpt2.config.shapes()[f"{linear}.weight"][0]
    return gpt2.linear(linear)(arg.width_checked(rows, n_in, gpt2, "x"))


def _parameter(text: str, pattern: str, allowed: str, gpt2: Model) -> str:
    """The name of a layer that matches the pattern. Raises CellError if the model has no such layer."""
    parameter = arg.text(text, "parameter")
    if not re.fullmatch(pattern, parameter) or f"{parameter}.weight" not in gpt2.config.shapes():
        raise CellError(f"parameter must be a layer of {gpt2.name}, such as {allowed}, not {quoted(parameter)}")
    return parameter


@cell_function
def gpt2_attention_scores(q: ArrayLike, k: ArrayLike) -> Table:
    """One head's scores before softmax, tokens x tokens: query . key / sqrt(d_head).

    q: the head's queries, a row for each token, d_head columns
    k: the head's keys, in the same shape

    Returns a row for each token that looks, and a column for each token it looks at. Cells above the diagonal are
    blank, because no token sees a later one.

    Raises: CellError if q and k have different shapes, or a cell that is not a finite number.
    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.1.
    Example: =GPT2_ATTENTION_SCORES(C50:I59, CI50:CO59)
    """
    scores = _scores(q, k).tolist()  # -> [n_seq, n_seq]
    return [[*row[: i + 1], *[None] * (len(row) - i - 1)] for i, row in enumerate(scores)]


@cell_function
def gpt2_attention_pattern(q: ArrayLike, k: ArrayLike) -> Array:
    """Where one head looks, tokens x tokens: softmax of its scores. Rows sum to 1; zeros above the diagonal.

    q: the head's queries, a row for each token, d_head columns
    k: the head's keys, in the same shape

    Returns a row for each token that looks, and a column for each token it looks at.

    Raises: CellError if q and k have different shapes, or a cell that is not a finite number.
    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.1.
    Example: =GPT2_ATTENTION_PATTERN(C50:I59, CI50:CO59)
    """
    return forward.softmax(_scores(q, k))


@cell_function
def gpt2_attention_mix(pattern: ArrayLike, v: ArrayLike) -> Array:
    """What one head gathers: its pattern times its values, d_head columns.

    pattern: where the head looks, a row for each token that looks, a column for each token it looks at
    v: the head's values, a row for each token it looks at

    Raises: CellError if pattern has more or fewer columns than v has rows, or a cell that is not a finite number.
    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.2.
    Example: =GPT2_ATTENTION_MIX(C80:L89, FO50:FU59)
    """
    shares, values = arg.numbers(pattern, "pattern"), arg.numbers(v, "v")
    if shares.shape[1] != len(values):
        raise CellError(
            f"v must have a row for each of the {shares.shape[1]} columns of pattern, not {len(values)} rows"
        )
    mixed: Array = shares @ values  # [n_seq, n_seq] @ [n_seq, d_head] -> [n_seq, d_head]
    return mixed


def _scores(q: ArrayLike, k: ArrayLike) -> Array:
    """GPT-2's scores of one head. Raises CellError if the shapes differ or have too many rows."""
    queries, keys = arg.numbers(q, "q"), arg.numbers(k, "k")
    if len(queries) > _MOST_TOKENS:
        raise CellError(f"q must have 1 to {_MOST_TOKENS} rows, not {len(queries)}")
    if queries.shape != keys.shape:
        (rows, columns), (k_rows, k_columns) = queries.shape, keys.shape
        raise CellError(f"k must be {rows} x {columns}, as q is, not {k_rows} x {k_columns}")
    with np.errstate(over="ignore", invalid="ignore"):
        scores = forward.attention_scores(queries, keys, math.sqrt(queries.shape[1]))
    if not np.isfinite(scores[np.tri(len(scores), dtype=bool)]).all():
        raise CellError("q must have smaller numbers: a product of q and k is beyond 1e308")
    return scores


@cell_function
def gpt2_gelu(x: ArrayLike) -> Array:
    """GELU of each cell: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).

    Raises: CellError if x has a cell that is not a finite number.
    Source: Hendrycks and Gimpel 2016, "Gaussian Error Linear Units"; GPT-2 uses the approximation with tanh.
    Example: =GPT2_GELU(B200#)
    """
    return forward.gelu(arg.numbers(x, "x"))


@cell_function
def gpt2_softmax(x: ArrayLike, temperature: float = 1.0) -> Array:
    """Softmax of each row: positive numbers that sum to 1; the largest input gets the most.

    x: a range of numbers, in which each row has a softmax of its own
    temperature: divides x first: below 1 sharper, above 1 flatter; 0 gives all to the largest

    Raises: CellError if x has a cell that is not a finite number, or if temperature is below 0.
    Example: =GPT2_SOFTMAX(B5:F5, 0.7)
    """
    return probabilities(arg.numbers(x, "x"), arg.temperature(temperature))


@cell_function
def gpt2_block(layer: int, residual: ArrayLike, model: str = "") -> Array:
    """A whole transformer block: takes the residual stream and returns it, in the same shape.

    Raises: CellError if the model has no such layer, or if residual is not n_embd columns wide.
    Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners".
    Example: =GPT2_BLOCK(0, Embeddings!B5#)
    """
    gpt2 = arg.model(model)
    return block(arg.layer(layer, gpt2), arg.residual(residual, gpt2), gpt2)


@cell_function
def gpt2_edit(values: ArrayLike, edits: Cells) -> Array:
    """Values with some replaced by the numbers in the same places of `edits`; a blank cell leaves its value as it is.

    values: a range of numbers, such as the residual stream
    edits: a range that starts at the same corner, mostly blank

    Excel does not let you type into a spilled range. So a workbook has a range for edits beside it, and passes both
    through this function.

    Raises: CellError if an edit is outside the values, or is not a number.
    Example: =GPT2_EDIT(B5#, B40:CG71)
    """
    edited, grid = arg.numbers(values, "values"), cells.grid(edits, "edits")
    is_edit = np.array([[not cells.is_blank(cell) for cell in row] for row in grid.tolist()], bool)
    for row, column in np.argwhere(is_edit):
        if row >= edited.shape[0] or column >= edited.shape[1]:
            raise CellError(
                f"edits must be within {edited.shape[0]} x {edited.shape[1]} values, "
                f"not in row {row + 1}, column {column + 1}"
            )
    if is_edit.any():
        numbers = arg.numbers(np.where(is_edit, grid, 0.0), "edits")
        edited[: grid.shape[0], : grid.shape[1]][is_edit] = numbers[is_edit]
    return edited


@cell_function
def gpt2_logits(residual: ArrayLike, k: int = 10, temperature: float = 1.0, model: str = "") -> Table:
    """The likeliest next tokens, read from the last row of the final stream: rank, token, id, logit, probability.

    residual: the stream after the last block; its last row counts
    k: how many tokens

    Raises: CellError if residual is not n_embd columns wide.
    Example: =GPT2_LOGITS('Block 11'!B5#, 10)
    """
    gpt2 = arg.model(model)
    return _likeliest(arg.residual(residual, gpt2), k, temperature, gpt2)


@cell_function
def gpt2_unembed(residual: ArrayLike, ids: ArrayLike | None = None, model: str = "") -> Array:
    """The logits of chosen tokens, or of all: final LayerNorm, then the product with the token embeddings.

    ids: the tokens; blank for all of them

    Returns a row for each row of the stream, and a column for each id. Without ids, all tokens run down, with a column
    for each row of the stream, because a sheet has fewer columns than GPT-2 has tokens.

    Raises: CellError if residual is not n_embd columns wide, or if an id is not in the vocabulary.
    Example: =GPT2_UNEMBED('Block 11'!B5#, C3:C8)
    """
    gpt2 = arg.model(model)
    stream = arg.residual(residual, gpt2)
    if ids is None:
        return forward.unembed(stream, gpt2).T  # -> [n_vocab, n_seq]
    x = forward.layer_norm(stream, "ln_f", gpt2)
    return x @ gpt2.rows(gpt2.config.unembedding, arg.ids(ids, gpt2)).T  # [n_seq, n_embd] -> [n_seq, n_ids]


@cell_function
def gpt2_predict(prompt: Texts, k: int = 10, temperature: float = 1.0, model: str = "") -> Table:
    """The likeliest next tokens after a prompt: rank, token, id, logit, probability.

    prompt: the text that the model reads; a column of texts gives a row for each
    k: how many tokens

    A row for a prompt of a column has the token, id, logit and probability of rank 1, then those of rank 2, and so on.

    Raises: CellError if the prompt has no tokens, or more than fit into the model's context.
    Example: =GPT2_PREDICT("If today is Tuesday, tomorrow is", 5)
    """
    gpt2 = arg.model(model)
    return _likeliest(residual_stream(arg.prompt(prompt, gpt2), gpt2)[-1], k, temperature, gpt2)


def _likeliest(stream: Array, k: int, temperature: float, gpt2: Model) -> Table:
    logits = next_logits(stream[-1:], gpt2)[0]  # -> [n_vocab]
    probability = probabilities(logits, arg.temperature(temperature))
    rows = [
        [rank, gpt2.token_text(int(token)), int(token), float(logits[token]), float(probability[token])]
        for rank, token in enumerate(top(logits, arg.count(k, "k")), start=1)
    ]
    return [["rank", "token", "id", "logit", "probability"], *rows]


@cell_function
def gpt2_residual(prompt: str, place: str, model: str = "") -> Table | Array:
    """The values at a place in the model while it reads a prompt: the stream, or q, k, v, z, pattern, mlp.

    place: h.2 (entering block 2), h.2.attn, h.2.mlp, h.2.attn.head.0, ln_f, or blocks.2.hook_resid_pre

    Returns a row for each token. h.2.mid and h.2.out are the stream after attention and after the MLP. h.2.attn.q
    (k, v, z, scores, pattern) has its heads side by side; h.2.attn.head.0.pattern is one head's. Masked scores are
    blank. All of TransformerLens's names are understood.

    Raises: CellError if the model has no such place, or if the prompt has no tokens, or too many.
    Example: =GPT2_RESIDUAL("Mike is quick. He moves", "h.2")
    """
    gpt2 = arg.model(model)
    where = arg.place(place, gpt2)
    value = places.value_at(where, arg.prompt(prompt, gpt2), gpt2)
    if where.hook.endswith("hook_attn_scores"):
        return [[number if np.isfinite(number) else None for number in row] for row in value.tolist()]
    return value
