"""Experiments on the inside: keep a circuit and ablate the rest, patch one run into another."""

from __future__ import annotations

from udfs import arguments as arg
from udfs.backend.gpt2 import tokenizer
from udfs.backend.interpret import circuits, patching
from udfs.cells import CellError, Table
from udfs.function import cell_function


@cell_function
def gpt2_circuit(
    prompts: arg.Prompts,
    answers: arg.Answers,
    components: arg.Components,
    method: arg.Method = "mean",
    model: arg.Model = arg.LEFT_OUT,
) -> Table:
    """Is a circuit enough? Only the named heads and MLPs work; each prompt's answer, its rank and probability follow.

    prompts: the texts that the model reads, one a cell
    answers: for each prompt the token that should follow, as text or id
    method: what all other heads and MLPs give: mean (the default), their average over the prompts; or zero, nothing

    The average is taken position by position where all prompts have the same number of tokens, else over all positions
    of all prompts. Embeddings and the biases of attentions always stay. Blank cells among the components are passed
    over.

    Example: =GPT2_CIRCUIT(A2:A8, B2:B8, D2:D20)
    """
    if len(answers) != len(prompts):
        raise CellError(f"answers must be as many as prompts, {len(prompts)}, not {len(answers)}")
    found = circuits.Task(prompts, answers, model, method).standing(components)
    rows = [
        [tokenizer.decode(ids), tokenizer.token_text(answer), rank, probability, rank == 1]
        for ids, answer, rank, probability in zip(
            prompts, answers, found.ranks.tolist(), found.probabilities.tolist(), strict=True
        )
    ]
    return [["prompt", "answer", "rank", "probability", "right"], *rows]


@cell_function
def gpt2_patch(
    clean: arg.Prompt,
    corrupted: arg.Prompt,
    answer: arg.Token,
    wrong: arg.Token,
    what: arg.What = "positions",
    model: arg.Model = arg.LEFT_OUT,
) -> Table:
    """Activation patching: values of the clean run put into the corrupted one, and the share of the answer it restores.

    clean: a prompt that the model completes with the answer
    corrupted: a prompt of as many tokens, mostly with one word changed, that it completes with the wrong token
    what: positions (the stream entering a block, the default), attn or mlp (what that half adds), or heads

    A share is (patched - corrupted) / (clean - corrupted) of the answer's logit minus the wrong token's: at 0 the patch
    does nothing, at 1 it restores everything. A row a layer; a column a token, or a head (patched at all positions).

    Example: =GPT2_PATCH("Mary and John talked. John met", "Mary and John talked. Mary met", " Mary", " John")
    """
    shares = patching.patch(patching.Pair(clean, corrupted, answer, wrong, model), what)
    if what == "heads":
        header = [f"head {head}" for head in range(model.config.n_head)]
    else:
        header = [
            tokenizer.token_text(a) if a == b else f"{tokenizer.token_text(a)} /{tokenizer.token_text(b)}"
            for a, b in zip(clean, corrupted, strict=True)
        ]
    return [["layer", *header], *([layer, *row] for layer, row in enumerate(shares.tolist()))]
