"""Steering: vectors that mean something, and adding them to the stream, on cells or inside the model."""

from __future__ import annotations

from numpy.typing import ArrayLike

from udfs.backend import catalogue
from udfs.backend.arrays import Array
from udfs.backend.gpt2.additions import add_rows, scaled, with_additions
from udfs.backend.gpt2.forward import no_hook
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret import sae, steering_vectors
from udfs.backend.interpret.edits import Add
from udfs.backend.interpret.places import short_name, stream_place
from udfs.backend.next_token import top
from udfs.cells import CellError, Table, cell_function
from udfs.cells import arguments as arg
from udfs.cells.arguments import Positions, Texts
from udfs.weights import fitting_a_cell


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

    `prompt` is every row and `last` the last one.

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
    """The values at a place of the stream plus what the model's text adds there; unchanged if it adds nothing.

    place: h.2 (the stream entering block 2), h.2.attn, h.2.mid, h.2.mlp or h.2.out

    GPT2_BLOCK does this by itself; a workbook that goes through a block step by step needs it at each place.

    Raises: CellError if residual is not n_embd columns wide, or if place is not in the stream.
    Example: =GPT2_ADDED(B5#, "h.6", "demo ; add 200 * sae(6, 1087) to h.6")
    """
    gpt2 = arg.model(model)
    stream = arg.residual(residual, gpt2)
    hook = stream_place(arg.place(place, gpt2)).hook
    return with_additions(no_hook, gpt2.additions, 0, len(stream))(hook, stream)


@cell_function
def gpt2_sae_feature(layer: int, feature: int, model: str = "") -> Array:
    """What a feature of the sparse autoencoder before a block writes to the stream: its row of W_dec, to steer with.

    feature: the feature's number, counted from 0

    Returns one row of n_embd numbers. For gpt2 these are Joseph Bloom's autoencoders, whose features neuronpedia.org
    describes (gpt2-small, N-res-jb); `gpt2-excel download sae 2` fetches the one before block 2. demo comes with one.

    Raises: CellError if the model has no such layer, or if its autoencoder is not on this machine or has no such
    feature.
    Source: Bloom 2024, "Open Source Sparse Autoencoders for all Residual Stream Layers of GPT2 Small".
    Example: =GPT2_SAE_FEATURE(6, 1087, "demo")
    """
    gpt2 = arg.model(model)
    return sae.load_for(gpt2, arg.layer(layer, gpt2)).feature(arg.index(feature, "feature"))[None]


@cell_function
def gpt2_sae_encode(residual: ArrayLike, layer: int, k: int = 5, model: str = "") -> Table:
    """The strongest features of a sparse autoencoder at each position: position, rank, feature, activation.

    residual: the stream that enters the block, as GPT2_RESIDUAL("...", "h.6") gives it
    k: how many features for each position; if fewer are active, the rest of its rows is blank

    f = relu((x - b_dec) @ W_enc + b_enc), where x is centred over channels first, as the autoencoder was trained;
    a model text with `sae uncentred` (demo ; sae uncentred) takes x without centring, as Neuronpedia does.

    Raises: CellError if residual is not n_embd columns wide, or if there is no autoencoder for the layer.
    Source: Cunningham et al. 2023, "Sparse Autoencoders Find Highly Interpretable Features in Language Models".
    Example: =GPT2_SAE_ENCODE(GPT2_RESIDUAL("Mike is a Jedi", "h.6"), 6)
    """
    gpt2 = arg.model(model)
    stream, count = arg.residual(residual, gpt2), arg.count(k, "k")
    activations = sae.load_for(gpt2, arg.layer(layer, gpt2)).encode(_as_read(stream, gpt2))  # [n_seq, n_features]
    rows: Table = []
    for position, strongest in enumerate(top(activations, count)):
        for rank, feature in enumerate(strongest, start=1):
            strength = activations[position, feature]
            found = [int(feature), float(strength)] if strength > 0 else [None, None]
            rows.append([position, rank, *found])
    return [["position", "rank", "feature", "activation"], *rows]


@cell_function
def gpt2_sae_decode(residual: ArrayLike, layer: int, model: str = "") -> Array:
    """The stream as a sparse autoencoder rebuilds it from its features. The residual minus this is the error term.

    residual: the stream that enters the block, as GPT2_RESIDUAL("...", "h.6") gives it

    f @ W_dec + b_dec, with f as in GPT2_SAE_ENCODE. If x is centred for that, the mean of each row is added back.

    Raises: CellError if residual is not n_embd columns wide, or if there is no autoencoder for the layer.
    Source: Cunningham et al. 2023, "Sparse Autoencoders Find Highly Interpretable Features in Language Models".
    Example: =GPT2_SAE_DECODE(GPT2_RESIDUAL("Mike is a Jedi", "h.6"), 6)
    """
    gpt2 = arg.model(model)
    stream = arg.residual(residual, gpt2)
    autoencoder, x = sae.load_for(gpt2, arg.layer(layer, gpt2)), _as_read(stream, gpt2)
    return stream - (x - autoencoder.decode(autoencoder.encode(x)))


def _as_read(stream: Array, gpt2: Model) -> Array:
    """The stream as an autoencoder of that model reads it."""
    return sae.centre(stream) if gpt2.centred else stream


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
    text = f"{gpt2.text} ; {added}"
    catalogue.load(fitting_a_cell(text, "vector"))  # an error is shown here rather than in each cell that uses the text
    return text
