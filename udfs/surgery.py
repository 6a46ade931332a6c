"""Steering: vectors that mean something, and adding them to the stream, on cells or inside the model."""

from __future__ import annotations

from udfs import arguments as arg
from udfs.backend import catalogue
from udfs.backend.arrays import Array
from udfs.backend.gpt2.additions import EVERYWHERE, add_rows, scaled, with_additions
from udfs.backend.gpt2.forward import no_hook
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret import sae, steering_vectors
from udfs.backend.interpret.edits import Add
from udfs.backend.interpret.places import short_name, stream_place
from udfs.backend.next_token import top
from udfs.cells import CellError, Table
from udfs.function import cell_function
from udfs.weights import check_text


@cell_function
def gpt2_steer(
    residual: arg.Residual,
    vector: arg.Residual,
    coefficient: arg.Coefficient = 1.0,
    positions: arg.Positions = EVERYWHERE,
    model: arg.Model = arg.LEFT_OUT,
) -> Array:
    """The residual stream with coefficient x vector added to its rows.

    vector: one row of n_embd numbers; of several rows the first is added at position 0, the second at position 1, ...

    `prompt` is every row and `last` the last one.

    Example: =GPT2_STEER(B5#, GPT2_SAE_FEATURE(6, 84), 200)
    """
    beyond = [position for position in positions.numbers if position >= len(residual)]
    if positions.kind == "list" and beyond:
        raise CellError(f"positions must be 0 to {len(residual) - 1} for {len(residual)} rows, not {beyond[0]}")
    return add_rows(residual, scaled(coefficient, vector), positions)


@cell_function
def gpt2_added(residual: arg.Residual, place: arg.Place, model: arg.Model = arg.LEFT_OUT) -> Array:
    """The values at a place of the stream with what the model's text adds there; as they are where it adds nothing.

    place: h.2 (the stream entering block 2), h.2.attn, h.2.mid, h.2.mlp or h.2.out

    GPT2_BLOCK does this by itself; a workbook that goes through a block step by step needs it at each place.

    Example: =GPT2_ADDED(B5#, "h.6", "demo ; add 200 * sae(6, 84) to h.6")
    """
    hook = stream_place(place).hook
    return with_additions(no_hook, model.additions, 0, len(residual))(hook, residual)


@cell_function
def gpt2_sae_feature(layer: arg.Layer, feature: arg.Index, model: arg.Model = arg.LEFT_OUT) -> Array:
    """What a feature of the sparse autoencoder before a block writes to the stream: its row of W_dec, to steer with.

    feature: the feature's number, counted from 0

    For gpt2 these are Joseph Bloom's autoencoders, whose features neuronpedia.org describes (gpt2-small, N-res-jb);
    `gpt2-excel download sae 2` fetches the one before block 2. demo comes with one.

    Example: =GPT2_SAE_FEATURE(6, 84, "demo")
    """
    return sae.load_for(model, layer).feature(feature)[None]


@cell_function
def gpt2_sae_encode(
    residual: arg.Residual, layer: arg.Layer, k: arg.Count = 5, model: arg.Model = arg.LEFT_OUT
) -> Table:
    """The strongest features of a sparse autoencoder at each position: position, rank, feature, activation.

    residual: the stream that enters the block, as GPT2_RESIDUAL("...", "h.6") gives it
    k: how many features for each position; where fewer are active the rest of its rows is blank

    f = relu((x - b_dec) @ W_enc + b_enc), where x is centred over channels first, as the autoencoder was trained;
    a model text with `sae uncentred` (demo ; sae uncentred) takes x as it is, as Neuronpedia does.

    Example: =GPT2_SAE_ENCODE(GPT2_RESIDUAL("Mike is a Jedi", "h.6"), 6)
    """
    autoencoder = sae.load_for(model, layer)
    rows: Table = []
    activations = autoencoder.encode(_read(residual, model))  # [n_seq, n_features]
    for position, strongest in enumerate(top(activations, k)):
        for rank, feature in enumerate(strongest, start=1):
            strength = activations[position, feature]
            found = [int(feature), float(strength)] if strength > 0 else [None, None]
            rows.append([position, rank, *found])
    return [["position", "rank", "feature", "activation"], *rows]


@cell_function
def gpt2_sae_decode(residual: arg.Residual, layer: arg.Layer, model: arg.Model = arg.LEFT_OUT) -> Array:
    """The stream as a sparse autoencoder rebuilds it from its features. The residual less this is the error term.

    residual: the stream that enters the block, as GPT2_RESIDUAL("...", "h.6") gives it

    f @ W_dec + b_dec, with f as in GPT2_SAE_ENCODE. Where x is centred for that, the mean of each row is put back.

    Example: =GPT2_SAE_DECODE(GPT2_RESIDUAL("Mike is a Jedi", "h.6"), 6)
    """
    autoencoder = sae.load_for(model, layer)
    x = _read(residual, model)
    return residual - (x - autoencoder.decode(autoencoder.encode(x)))


def _read(residual: Array, model: Model) -> Array:
    return sae.centre(residual) if model.centred else residual


@cell_function
def gpt2_contrast(plus: arg.Text, minus: arg.Text, place: arg.StreamPlace, model: arg.Model = arg.LEFT_OUT) -> Array:
    """Activation addition: what stands at a place for one prompt less what stands there for another, a row a position.

    plus: the text to steer towards
    minus: the text to steer away from

    Both are read with <|endoftext|> before them, the shorter one padded with spaces (Turner et al. 2023). Added by
    GPT2_STEER, row 0 goes to position 0, so a prompt that begins with <|endoftext|> (gpt2 ; bos) fits best.

    Example: =GPT2_CONTRAST("A Jedi takes his", "A man takes his", "h.2")
    """
    return steering_vectors.contrast(plus, minus, place, model)


@cell_function
def gpt2_direction(
    positive: arg.Prompts, negative: arg.Prompts, place: arg.StreamPlace, model: arg.Model = arg.LEFT_OUT
) -> Array:
    """Representation engineering: the direction from some prompts to others at their last tokens, of length 1.

    positive: prompts, one a cell
    negative: as many prompts, each the counterpart of the one in the same place

    The first principal component of the differences, not centred, with the sign that makes the positive ones project
    higher (Zou et al. 2023).

    Example: =GPT2_DIRECTION(A2:A5, B2:B5, "h.6")
    """
    return steering_vectors.direction(positive, negative, place, model)[None]


@cell_function
def gpt2_steer_model(
    vector: arg.Vector,
    place: arg.StreamPlace,
    coefficient: arg.Coefficient = 1.0,
    positions: arg.Positions = EVERYWHERE,
    model: arg.Model = arg.LEFT_OUT,
) -> str:
    """The text of a model that adds coefficient x vector to its stream in whatever it computes.

    Other functions take it as their last argument. A vector given as a text keeps the model's text short: numbers
    from cells are packed into it, 4 characters for 3 bytes. `prompt` and `last` are those of the prompt, also while
    tokens are generated after it.

    Example: =GPT2_STEER_MODEL("sae(6, 84)", "h.6", 200, "all", "demo")
    """
    text = f"{model.text} ; {Add(coefficient, vector, short_name(place), positions)}"
    catalogue.load(check_text(text, "vector"))  # says now what is wrong, not in each cell that uses it
    return text
