"""Features of sparse autoencoders: their directions, where they are active, and clamping one to a value."""

from __future__ import annotations

from numpy.typing import ArrayLike

from udfs.backend.arrays import Array
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret import sae
from udfs.backend.interpret.edits import ClampFeature
from udfs.backend.interpret.steering_vectors import SaeFeature
from udfs.backend.next_token import top
from udfs.cells import Table, cell_function
from udfs.cells import arguments as arg
from udfs.cells.arguments import Positions
from udfs.weights import with_operation


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
def gpt2_sae_activation(residual: ArrayLike, layer: int, feature: int, model: str = "") -> Array:
    """How active one feature of a sparse autoencoder is at each position: a column with a number for each row.

    residual: the stream that enters the block, as GPT2_RESIDUAL("...", "h.6") gives it
    feature: the feature's number, counted from 0

    relu((x - b_dec) . w + b), where w is the feature's column of W_enc, and b its number in b_enc. x is centred over
    channels first, unless the model text has `sae uncentred`.

    Raises: CellError if residual is not n_embd columns wide, or if the autoencoder is not on this machine or has no
    such feature.
    Source: Cunningham et al. 2023, "Sparse Autoencoders Find Highly Interpretable Features in Language Models".
    Example: =GPT2_SAE_ACTIVATION(GPT2_RESIDUAL("Mike is a Jedi", "h.6"), 6, 1087)
    """
    gpt2 = arg.model(model)
    stream = arg.residual(residual, gpt2)
    autoencoder, index = sae.load_for(gpt2, arg.layer(layer, gpt2)), arg.index(feature, "feature")
    return autoencoder.single(index, gpt2.dtype, centred=gpt2.centred).activations(stream)[:, None]


@cell_function
def gpt2_clamp_model(layer: int, feature: int, value: float, positions: Positions = arg.ALL, model: str = "") -> str:
    """The text of a model that sets a feature of a sparse autoencoder to a value in everything it computes.

    feature: the feature's number, counted from 0
    value: its activation from now on, whatever it was: 0 switches it off
    positions: where to set it: all (the default), prompt, last, first 3, or positions counted from 0: 0, 3, 5

    x + (value - f(x)) * W_dec[feature], with f(x) the activation that GPT2_SAE_ACTIVATION gives. Adding changes every
    token alike; a clamp adds what is missing, and nothing to a token at which the feature has that value already.

    Raises: CellError if the autoencoder is not on this machine or has no such feature.
    Source: Templeton et al. 2024, "Scaling Monosemanticity: Extracting Interpretable Features from Claude 3 Sonnet".
    Example: =GPT2_CLAMP_MODEL(6, 1087, 200, "all", "demo")
    """
    gpt2 = arg.model(model)
    chosen = SaeFeature(arg.layer(layer, gpt2), arg.index(feature, "feature"))
    return with_operation(gpt2, ClampFeature(chosen, arg.activation(value), arg.positions(positions)), "value")
