"""Experiments inside the model: keep a circuit and ablate the rest, or patch one run into another."""

from __future__ import annotations

from typing import Literal

from udfs.backend import interpret
from udfs.cells import CellError, Table, cell_function
from udfs.cells import arguments as arg
from udfs.cells.arguments import Texts, Token, Tokens


@cell_function
def gpt2_circuit(
    prompts: Texts,
    answers: Tokens,
    components: Texts,
    method: Literal["mean", "zero"] = "mean",
    model: str = "",
) -> Table:
    """Tests whether a circuit is enough: runs only the named heads and MLPs, and gives each prompt's answer and rank.

    answers: the token that should follow each prompt, as text or id
    method: what replaces the output of all other heads and MLPs: mean (the default, over the prompts) or zero

    The average is taken position by position if all prompts have the same number of tokens, otherwise over all
    positions of all prompts. Embeddings and the biases of attentions always stay. Blank cells among the components are
    skipped.

    Raises: CellError if prompts and answers differ in number, or if the model has no such component.
    Source: Wang et al. 2023, "Interpretability in the Wild: a Circuit for Indirect Object Identification in GPT-2
    Small".
    Example: =GPT2_CIRCUIT(A2:A8, B2:B8, D2:D20)
    """
    gpt2 = arg.model(model)
    texts, expected = arg.prompts(prompts, gpt2), arg.tokens(answers, gpt2, "answers")
    parts = arg.components(components, gpt2)
    if len(expected) != len(texts):
        raise CellError(f"answers must hold one token for each of the {len(texts)} prompts, not {len(expected)} in all")
    circuits = interpret.circuits
    task = circuits.Task(texts, expected, gpt2, arg.one_of(method, circuits.METHODS, "method"))
    found = task.standing(parts)
    rows = [
        [gpt2.tokenizer.decode(ids), gpt2.token_text(answer), rank, probability, rank == 1]
        for ids, answer, rank, probability in zip(
            texts, expected, found.ranks.tolist(), found.probabilities.tolist(), strict=True
        )
    ]
    return [["prompt", "answer", "rank", "probability", "right"], *rows]


@cell_function
def gpt2_patch(
    clean: str,
    corrupted: str,
    answer: Token,
    wrong: Token,
    what: Literal["positions", "heads", "attn", "mlp", "gradient"] = "positions",
    model: str = "",
) -> Table:
    """Activation patching: values of the clean run put into the corrupted one, and the share of the answer it restores.

    clean: a prompt that the model completes with the answer
    corrupted: a prompt of as many tokens, usually with one word changed, that it completes with the wrong token
    answer: the token that should follow clean: its text, usually with the space before it, or its id as a number
    wrong: the token that follows corrupted, as text or id
    what: positions (the stream entering a block, the default), attn or mlp (what that half adds), or heads; gradient
        estimates positions from one backward pass

    A share is (patched - corrupted) / (clean - corrupted) of the answer's logit minus the wrong token's: at 0 the patch
    does nothing, at 1 it restores everything. Returns a row for each layer, and a column for each token, or for each
    head (patched at all positions).

    Raises: CellError if the prompts have different numbers of tokens, or if answer or wrong is not one token.
    Source: Meng et al. 2022, "Locating and Editing Factual Associations in GPT"; Wang et al. 2023, "Interpretability in
    the Wild"; Nanda 2023, "Attribution Patching" (gradient).
    Example: =GPT2_PATCH("Mary and John talked. John met", "Mary and John talked. Mary met", " Mary", " John")
    """
    gpt2 = arg.model(model)
    runs = arg.prompt(clean, gpt2, "clean"), arg.prompt(corrupted, gpt2, "corrupted")
    tokens = arg.token(answer, gpt2, "answer"), arg.token(wrong, gpt2, "wrong")
    patching = interpret.patching
    patched = arg.one_of(what, (*patching.HOOKS, patching.GRADIENT), "what")
    pair = patching.Pair(*runs, *tokens, gpt2)
    shares = patching.attribution_patch(pair) if patched == patching.GRADIENT else patching.patch(pair, patched)
    if patched == "heads":
        header = [f"head {head}" for head in range(gpt2.config.n_head)]
    else:
        header = [
            gpt2.token_text(a) if a == b else f"{gpt2.token_text(a)} /{gpt2.token_text(b)}"
            for a, b in zip(*runs, strict=True)
        ]
    return [["layer", *header], *([layer, *row] for layer, row in enumerate(shares.tolist()))]


@cell_function
def gpt2_path_patch(
    clean: str,
    corrupted: str,
    answer: Token,
    wrong: Token,
    sender: str,
    receivers: Texts = "",
    model: str = "",
) -> Table:
    """Path patching: how much of the answer one head restores through each later head alone: its query, key or value.

    clean: a prompt that the model completes with the answer
    corrupted: a prompt of as many tokens, usually with one word changed, that it completes with the wrong token
    answer: the token that should follow clean: its text, usually with the space before it, or its id as a number
    wrong: the token that follows corrupted, as text or id
    sender: the head that gives its value of the clean run, such as h.3.attn.head.3
    receivers: heads of later blocks, such as h.9.attn.head.1 or h.9.attn; blank for all

    A share is that of GPT2_PATCH: at 0 the path carries nothing, at 1 all that tells the prompts apart. Returns layer,
    head, q, k and v. The first row is the direct path to the logits, through the stream and the MLPs without any later
    head.

    Raises: CellError if sender is not a head, or if a receiver is not a head of a later block.
    Source: Wang et al. 2023, "Interpretability in the Wild: a Circuit for Indirect Object Identification in GPT-2
    Small".
    Example: =GPT2_PATH_PATCH("Tom is slow. He", "Tom is quick. He", " walks", " runs", "h.3.attn.head.3")
    """
    gpt2 = arg.model(model)
    runs = arg.prompt(clean, gpt2, "clean"), arg.prompt(corrupted, gpt2, "corrupted")
    tokens = arg.token(answer, gpt2, "answer"), arg.token(wrong, gpt2, "wrong")
    head = arg.component(sender, gpt2, "sender")
    path_patching = interpret.path_patching
    pair = interpret.patching.Pair(*runs, *tokens, gpt2)
    chosen = arg.components(receivers, gpt2, "receivers") or path_patching.later_heads(head, pair)
    found = path_patching.path_patch(pair, head, chosen)
    rows = [[path.receiver.layer, path.receiver.head, path.q, path.k, path.v] for path in found.to_heads]
    return [["layer", "head", *path_patching.INPUTS], ["logits", None, found.logits, None, None], *rows]
