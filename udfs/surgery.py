"""Steering: vectors with a meaning, added to the stream or removed from it, in cells or in the model."""

from __future__ import annotations

from numpy.typing import ArrayLike

from udfs.backend import generate
from udfs.backend.arrays import Array
from udfs.backend.gpt2.forward import no_hook
from udfs.backend.gpt2.interventions import Addition, add_rows, scaled, with_interventions
from udfs.backend.interpret import steering_vectors
from udfs.backend.interpret.edits import Add, Remove
from udfs.backend.interpret.places import short_name, stream_place
from udfs.backend.next_token import divergence, log_softmax, next_logits
from udfs.backend.stream import residual_stream
from udfs.cells import CellError, Table, cell_function
from udfs.cells import arguments as arg
from udfs.cells.arguments import Positions, Texts
from udfs.weights import with_operation


@cell_function
def gpt2_steer(
    residual: ArrayLike,
    vector: ArrayLike,
    coefficient: float = 1.0,
    positions: Positions = arg.ALL,
    model: str = "",
) -> Array:
    """The residual stream with coefficient x vector added to its rows.

    vector: one row of n_embd numbers; of several rows the first is added at position 0, the second at position 1, ...

    `prompt` means every row, and `last` the last one.

    Raises: CellError if residual or vector is not n_embd columns wide, or if there is no such position.
    Source: Turner et al. 2023, "Steering Language Models With Activation Engineering".
    Example: =GPT2_STEER(B5#, GPT2_SAE_FEATURE(6, 1087), 200)
    """
    gpt2 = arg.model(model)
    stream, rows = arg.residual(residual, gpt2), arg.residual(vector, gpt2, "vector")
    where = arg.positions(positions)
    beyond = [position for position in where.numbers if position >= len(stream)]
    if where.kind == "list" and beyond:
        raise CellError(f"positions must be 0 to {len(stream) - 1} for {len(stream)} rows, not {beyond[0]}")
    return add_rows(stream, scaled(arg.coefficient(coefficient), rows), where)


@cell_function
def gpt2_added(residual: ArrayLike, place: str, model: str = "") -> Array:
    """The values at a place of the stream after what the model's text adds, clamps or removes there.

    place: h.2 (the stream entering block 2), h.2.attn, h.2.mid, h.2.mlp or h.2.out

    GPT2_BLOCK does this by itself; a workbook that goes through a block step by step needs it at each place.

    Raises: CellError if residual is not n_embd columns wide, or if place is not in the stream.
    Example: =GPT2_ADDED(B5#, "h.6", "demo ; add 200 * sae(6, 1087) to h.6")
    """
    gpt2 = arg.model(model)
    stream = arg.residual(residual, gpt2)
    hook = stream_place(arg.place(place, gpt2)).hook
    return with_interventions(no_hook, gpt2.interventions, 0, len(stream))(hook, stream)


@cell_function
def gpt2_contrast(plus: str, minus: str, place: str, model: str = "") -> Array:
    """Activation addition: the values at a place for one prompt minus those for another, a row for each position.

    plus: the text to steer towards
    minus: the text to steer away from
    place: a place of the stream: h.2 (entering block 2), h.2.mid, h.2.out

    Both are read with <|endoftext|> before them, the shorter one padded with spaces. GPT2_STEER adds row 0 at position
    0, so a prompt that begins with <|endoftext|> (gpt2 ; bos) fits best.

    Raises: CellError if place is not in the stream, or if a text has too many tokens.
    Source: Turner et al. 2023, "Steering Language Models With Activation Engineering".
    Example: =GPT2_CONTRAST("A Jedi takes his", "A man takes his", "h.2")
    """
    gpt2 = arg.model(model)
    texts = arg.text(plus, "plus"), arg.text(minus, "minus")
    return steering_vectors.contrast(*texts, arg.stream_place(place, gpt2), gpt2)


@cell_function
def gpt2_direction(positive: Texts, negative: Texts, place: str, model: str = "") -> Array:
    """Representation engineering: the direction from some prompts to others at their last tokens, of length 1.

    positive: prompts, one in each cell
    negative: as many prompts, each the counterpart of the one in the same cell of positive
    place: a place of the stream: h.2 (entering block 2), h.2.mid, h.2.out

    Returns one row of n_embd numbers: the first principal component of the differences, not centred, with the sign that
    makes the positive prompts project higher.

    Raises: CellError if there are not as many negative as positive prompts, or if they do not differ at the place.
    Source: Zou et al. 2023, "Representation Engineering: A Top-Down Approach to AI Transparency".
    Example: =GPT2_DIRECTION(A2:A5, B2:B5, "h.6")
    """
    gpt2 = arg.model(model)
    prompts = arg.prompts(positive, gpt2, "positive"), arg.prompts(negative, gpt2, "negative")
    return steering_vectors.direction(*prompts, arg.stream_place(place, gpt2), gpt2)[None]


@cell_function
def gpt2_steer_model(
    vector: ArrayLike,
    place: str,
    coefficient: float = 1.0,
    positions: Positions = arg.ALL,
    model: str = "",
) -> str:
    """The text of a model that adds coefficient x vector to its stream in everything it computes.

    place: a place of the stream: h.2 (entering block 2), h.2.mid, h.2.out

    Other functions take this text as their last argument. A vector given as a text keeps the model's text short:
    numbers from cells are packed into it, 4 characters for 3 bytes. `prompt` and `last` mean those of the prompt, also
    while tokens are generated after it.

    Raises: CellError if the vector does not fit the model, or if the text would be too long for a cell.
    Source: Turner et al. 2023, "Steering Language Models With Activation Engineering".
    Example: =GPT2_STEER_MODEL("sae(6, 1087)", "h.6", 200, "all", "demo")
    """
    gpt2 = arg.model(model)
    where, at = short_name(arg.stream_place(place, gpt2)), arg.positions(positions)
    added = Add(arg.coefficient(coefficient), arg.vector(vector, gpt2), where, at)
    return with_operation(gpt2, added, "vector")


@cell_function
def gpt2_remove_model(vector: ArrayLike, place: str, positions: Positions = arg.ALL, model: str = "") -> str:
    """The text of a model that removes a direction from its stream in everything it computes: x - (x . u) u.

    place: a place of the stream: h.2 (entering block 2), h.2.mid, h.2.out

    u is the vector divided by its length. Subtracting a vector always has the same effect; a removal takes away only
    what is there, and a stream without the direction stays as it is. Of several rows, the first is removed at position
    0, the second at position 1, and so on.

    Raises: CellError if the vector does not fit the model, or if the text would be too long for a cell.
    Source: Arditi et al. 2024, "Refusal in Language Models Is Mediated by a Single Direction".
    Example: =GPT2_REMOVE_MODEL("sae(6, 1087)", "h.6", "all", "demo")
    """
    gpt2 = arg.model(model)
    where, at = short_name(arg.stream_place(place, gpt2)), arg.positions(positions)
    return with_operation(gpt2, Remove(arg.vector(vector, gpt2), where, at), "vector")


@cell_function
def gpt2_divergence(prompt: str, reference: str, model: str = "") -> float:
    """How far surgery moves all probabilities of the next token together: the Kullback-Leibler divergence, in nats.

    reference: the text of the model to compare with, such as demo

    Returns the sum over all tokens of p ln(p / q): p is a token's probability in the model, q that in the reference. 0
    means that all probabilities are equal. The number changes if the two models are exchanged. Divide it by LN(2) for
    bits, as in GPT2_LOGITLENS.

    Raises: CellError if the reference has another vocabulary, or if the prompt has no tokens, or too many.
    Source: Kullback and Leibler 1951, "On Information and Sufficiency".
    Example: =GPT2_DIVERGENCE("Tom pulls out his", "demo", "demo ; add 200 * sae(6, 1087) to h.6")
    """
    gpt2 = arg.model(model)
    both = gpt2, arg.with_vocabulary_of(gpt2, reference, "reference")
    logits = [next_logits(residual_stream(arg.prompt(prompt, each), each)[-1][-1:], each) for each in both]
    return float(divergence(*map(log_softmax, logits))[0])


@cell_function
def gpt2_steer_generate(
    prompt: str,
    vector: ArrayLike,
    place: str,
    coefficients: ArrayLike,
    positions: Positions = arg.ALL,
    tokens: int = 12,
    model: str = "",
) -> Table:
    """How a model continues a text while a vector is added to the stream: a row for each coefficient, greedily decoded.

    place: a place of the stream: h.2 (entering block 2), h.2.mid, h.2.out
    coefficients: one number in each cell; 0 is the model itself
    positions: where to add it: all (the default: also the new tokens), prompt, last, first 3, or 0, 3, 5
    tokens: the most tokens to generate, 12 by default

    Each row is what GPT2_GENERATE gives with the text of GPT2_STEER_MODEL, but all rows are computed together.

    Raises: CellError if the prompt has no tokens, if tokens do not fit after it, if the vector does not fit the model,
    or if there are more than 64 coefficients.
    Source: Turner et al. 2023, "Steering Language Models With Activation Engineering".
    Example: =GPT2_STEER_GENERATE("Peter is", "sae(6, 1087)", "h.6", 200)
    """
    gpt2 = arg.model(model)
    where = arg.stream_place(place, gpt2)
    strengths = arg.coefficients(coefficients)
    rows = arg.vector(vector, gpt2).rows(where, gpt2).astype(gpt2.dtype, copy=False)
    assert where.layer is not None
    added = Addition(where.hook, where.layer, rows, arg.positions(positions))
    found = generate.steered.continuations(
        arg.prompt(prompt, gpt2), arg.count(tokens, "tokens"), gpt2, added, strengths
    )
    texts = [gpt2.tokenizer.decode(generate.decoding.without_end(drawn, gpt2)) for drawn in found]
    return [["coefficient", "text"], *map(list, zip(strengths, texts, strict=True))]
