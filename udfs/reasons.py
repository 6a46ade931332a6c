"""Why this token: the parts of the model, the words of the prompt, and the neurons that make it likely."""

from __future__ import annotations

from typing import Literal

from udfs.backend import interpret
from udfs.cells import Table, cell_function
from udfs.cells import arguments as arg
from udfs.cells.arguments import Texts, Token, Tokens

_WRITTEN = 3  # tokens shown for each neuron


@cell_function
def gpt2_attribution(prompt: str, target: Token, against: Token | None = None, model: str = "") -> Table:
    """Direct logit attribution: what each part of the model adds to a next token's logit; the last row is the sum.

    target: the token whose logit is taken apart: its text, usually with the space before it, or its id as a number
    against: a second token, whose logit is subtracted first; blank for none

    Returns a row for each embedding, head, bias and MLP in the order of the forward pass: component, layer, head,
    logit. ln_f divides all of them by the final stream's standard deviation, so that they add up to the logit.

    Raises: CellError if target or against is not one token.
    Source: Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits"; Nanda 2022, "TransformerLens".
    Example: =GPT2_ATTRIBUTION("If today is Tuesday, tomorrow is", " Wednesday", " Monday")
    """
    gpt2 = arg.model(model)
    ids, token = arg.prompt(prompt, gpt2), arg.token(target, gpt2, "target")
    other = None if against is None else arg.token(against, gpt2, "against")
    parts = interpret.attribution.attribution(ids, token, gpt2, other)
    rows = [[part.name, part.layer, part.head, part.logit] for part in parts]
    total = ["sum", None, None, sum(part.logit for part in parts)]
    return [["component", "layer", "head", "logit"], *rows, total]


@cell_function
def gpt2_saliency(
    prompt: Texts,
    target: Tokens,
    method: Literal["gradient", "integrated", "leave out"] = "gradient",
    against: Tokens | None = None,
    model: str = "",
) -> Table:
    """Which words of the prompt decide the answer: what each token adds to a next token's logit.

    prompt: the text that the model reads; a column of texts gives a row for each
    target: the token whose logit is explained: its text, usually with the space before it, or its id as a number
    method: gradient (gradient x input, the default), integrated (integrated gradients), leave out (a token at a time)
    against: a second token, whose logit is subtracted first; blank for none

    Returns position, token and saliency, then three rows: their sum, the rest, and the logit, which is sum + rest. With
    integrated gradients, the rest is the logit of the baseline: the same prompt with all token embeddings zero.
    gradient estimates the effect of a small change of a token's embedding, leave out measures that of dropping it.

    A row for a prompt of a column has the position, token and saliency of the token that adds most, the sum and the
    logit; target and against may then be columns, too.

    Raises: CellError if target or against is not one token.
    Source: Shrikumar et al. 2016 (gradient x input); Sundararajan et al. 2017 (integrated gradients); Li et al. 2016.
    Example: =GPT2_SALIENCY("Anna is slow. Mike is quick. He moves", " quickly")
    """
    gpt2 = arg.model(model)
    ids, token = arg.prompt(prompt, gpt2), arg.token(target, gpt2, "target")
    other = None if against is None else arg.token(against, gpt2, "against")
    methods = interpret.saliency.METHODS
    compute = methods[arg.one_of(method, tuple(methods), "method")]
    found = compute(ids, interpret.gradients.logit(token, other), gpt2)
    rows = [[at, gpt2.token_text(ids[at]), value] for at, value in enumerate(found.tokens)]
    total = sum(value for value in found.tokens if value is not None)
    sums = [[None, "sum", total], [None, "rest", found.value - total], [None, "logit", found.value]]
    return [["position", "token", "saliency"], *rows, *sums]


@cell_function
def gpt2_neurons(
    prompt: str,
    target: Token,
    layer: int | None = None,
    k: int = 10,
    against: Token | None = None,
    model: str = "",
) -> Table:
    """The MLP neurons that raise or lower a next token's logit most, and the tokens that each writes.

    target: the token: its text, usually with the space before it, or its id as a number
    layer: the block; blank for all blocks
    k: how many neurons
    against: a second token, whose logit is subtracted first; blank for none

    Returns layer, neuron, activation (after GELU, at the last token), logit (what it adds), fires at (the token of the
    prompt where it is most active) and the three tokens whose logits it raises most; then three rows: all neurons of
    the layer or layers, the biases, and their sum, which is that of GPT2_ATTRIBUTION for these MLPs.

    Raises: CellError if the model has no such layer, or if target or against is not one token.
    Source: Geva et al. 2021, "Transformer Feed-Forward Layers Are Key-Value Memories".
    Example: =GPT2_NEURONS("If today is Tuesday, tomorrow is", " Wednesday")
    """
    gpt2 = arg.model(model)
    ids, token = arg.prompt(prompt, gpt2), arg.token(target, gpt2, "target")
    other = None if against is None else arg.token(against, gpt2, "against")
    layers = range(gpt2.config.n_layer) if layer is None else [arg.layer(layer, gpt2)]
    found = interpret.neurons.neurons(ids, token, gpt2, layers, arg.count(k, "k"), _WRITTEN, other)
    rows = [
        [
            of.layer,
            of.neuron,
            of.activation,
            of.logit,
            gpt2.token_text(ids[of.fires_at]),
            *map(gpt2.token_text, of.writes),
        ]
        for of in found.strongest
    ]
    blanks = [None] * (1 + _WRITTEN)
    sums = [
        ["all neurons", None, None, found.of_neurons, *blanks],
        ["biases", None, None, found.of_biases, *blanks],
        ["sum", None, None, found.of_neurons + found.of_biases, *blanks],
    ]
    titles = ["layer", "neuron", "activation", "logit", "fires at", *(f"writes {n}" for n in range(1, _WRITTEN + 1))]
    return [titles, *rows, *sums]
