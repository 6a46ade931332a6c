"""Looking inside: the logit lens, attention heads, direct logit attribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from udfs import arguments as arg
from udfs.backend.gpt2 import tokenizer
from udfs.backend.interpret import attribution, heads, logit_lens
from udfs.backend.stream import residual_stream, trace_block
from udfs.cells import CellError, Table
from udfs.excel_limits import MAX_COLUMNS
from udfs.function import cell_function


@cell_function
def gpt2_logitlens(
    prompt: arg.Prompt,
    k: arg.Count = 5,
    position: arg.PositionOrAll = -1,
    show: arg.Show = "tokens",
    model: arg.Model = arg.LEFT_OUT,
) -> Table:
    """The logit lens: what the model would say next if it stopped at a layer. A row a layer, the likeliest token first.

    k: how many tokens
    show: tokens (the default), probabilities, or both side by side; with `, halves` also after each attention

    Row 0 is the stream that enters block 0, the last row is what the model says. ln_f takes each row's own mean and
    variance. With position all, every token of the prompt has k columns. With halves the rows are named by their place:
    h.0, h.0.mid (after block 0's attention), h.1 (after its MLP), and so on.

    Example: =GPT2_LOGITLENS("If today is Tuesday, tomorrow is", 3, -1, "both")
    """
    what, _, halves = show.partition(", ")
    positions = range(len(prompt)) if position is None else [arg.check_position(position, "position", len(prompt))]
    k = min(k, model.config.n_vocab)
    most = (MAX_COLUMNS - 1) // (len(positions) * (2 if what == "both" else 1))
    if k > most:
        raise CellError(f"k must be 1 to {most} here, as a sheet has {MAX_COLUMNS} columns, not {k}")
    stages = logit_lens.stages(prompt, model, halves=bool(halves))
    found = logit_lens.tops(np.stack([residual[positions] for residual in stages.values()]), k, model)
    ids: list[list[int]] = found.ids.reshape(len(stages), -1).tolist()
    probabilities: list[list[float]] = found.probabilities.reshape(len(stages), -1).tolist()
    firsts: list[Any] = [_token(prompt[at]) if position is None else 1 for at in positions]
    headings = [heading for first in firsts for heading in [first, *range(2, k + 1)]]
    beside = ["probability"] * len(headings) if what == "both" else headings
    names: list[Any] = list(stages) if halves else list(range(len(stages)))
    table: Table = [["place" if halves else "layer", *_shown(what, headings, beside)]]
    for name, of_ids, of_probabilities in zip(names, ids, probabilities, strict=True):
        table.append([name, *_shown(what, [_token(token) for token in of_ids], of_probabilities)])
    return table


def _shown(what: str, tokens: list[Any], probabilities: list[Any]) -> list[Any]:
    if what == "both":
        return [cell for pair in zip(tokens, probabilities, strict=True) for cell in pair]
    return tokens if what == "tokens" else probabilities


@cell_function
def gpt2_lens_track(
    prompt: arg.Prompt, target: arg.Token, position: arg.Position = -1, model: arg.Model = arg.LEFT_OUT
) -> Table:
    """One token through the logit lens: layer, logit, probability, rank. The last row is the model's own answer.

    target: the token to follow: its text, mostly with the space before it, or its id as a number

    Example: =GPT2_LENS_TRACK("If today is Tuesday, tomorrow is", " Wednesday")
    """
    at = arg.check_position(position, "position", len(prompt))
    found = logit_lens.track(
        np.stack([residual[at] for residual in logit_lens.stages(prompt, model).values()]), target, model
    )
    rows = zip(found.logits.tolist(), found.probabilities.tolist(), found.ranks.tolist(), strict=True)
    return [["layer", "logit", "probability", "rank"], *([layer, *row] for layer, row in enumerate(rows))]


@cell_function
def gpt2_attention(prompt: arg.Prompt, layer: arg.Layer, head: arg.Head, model: arg.Model = arg.LEFT_OUT) -> Table:
    """Where one head looks when the model reads a prompt: a row for the token that looks, a column for each looked at.

    Rows sum to 1, and no token sees a later one.

    Example: =GPT2_ATTENTION("Mike is quick. He moves", 3, 4)
    """
    seen = trace_block(layer, residual_stream(prompt, model)[layer], model)
    tokens = list(map(_token, prompt))
    pattern = seen[f"blocks.{layer}.attn.hook_pattern"][head].tolist()
    return [["looks from", *tokens], *([token, *row] for token, row in zip(tokens, pattern, strict=True))]


@cell_function
def gpt2_head_scores(prompt: arg.Prompt, model: arg.Model = arg.LEFT_OUT) -> Table:
    """Finds previous-token, duplicate-token and induction heads: the share of each head's attention that does so.

    previous is attention to the token just before, duplicate to earlier copies of the token that looks, induction to
    the tokens that came after those copies. Each is a mean over the tokens that have such others, 0 to 1; duplicate and
    induction are blank where no token comes twice. Text that is repeated shows induction heads best.

    Example: =GPT2_HEAD_SCORES("red blue green red blue green")
    """
    rows = [[of.layer, of.head, of.previous, of.duplicate, of.induction] for of in heads.head_scores(prompt, model)]
    return [["layer", "head", "previous", "duplicate", "induction"], *rows]


@cell_function
def gpt2_kq(prompt: arg.Prompt, layer: arg.Layer, head: arg.Head, model: arg.Model = arg.LEFT_OUT) -> Table:
    """One head's scores before softmax, query . key / sqrt(d_head), with tokens as headers. Blank above the diagonal.

    A row for the token that looks (query), a column for the token looked at (key). The last row is what a key gets from
    every query alike (the query's bias . key), the last column what a query gives to every key alike (query . the key's
    bias), of which softmax takes no notice. Take both off a score, and the rest is what the two tokens have to do with
    each other.

    Example: =GPT2_KQ("Mike is quick. He moves", 3, 4)
    """
    found = heads.key_query(prompt, layer, head, model)
    tokens = list(map(_token, prompt))
    rows = [
        [token, *scores[: i + 1], *[None] * (len(tokens) - i - 1), of_query]
        for i, (token, scores, of_query) in enumerate(
            zip(tokens, found.scores.tolist(), found.of_query.tolist(), strict=True)
        )
    ]
    return [["query \\ key", *tokens, "any key"], *rows, ["any query", *found.of_key.tolist(), None]]


@cell_function
def gpt2_ov(
    tokens: arg.Texts,
    layer: arg.Layer,
    head: arg.Head,
    k: arg.Count = 5,
    model: arg.Model = arg.LEFT_OUT,
) -> Table:
    """What a head writes where it looks at a token: the tokens it makes likeliest, and that token's own rank.

    tokens: texts or ids; a text of several tokens gives a row for each
    k: how many tokens

    The token's embedding alone goes through ln_1, the head's values and output and the unembedding. A head that copies
    has a low own rank for most tokens.

    Example: =GPT2_OV("Mike is quick", 3, 4, 5)
    """
    n_ctx = model.config.n_ctx
    if len(tokens) > n_ctx:
        raise CellError(f"tokens must be 1 to {n_ctx} for {model.name}, not {len(tokens)}")
    if k > MAX_COLUMNS - 2:
        raise CellError(f"k must be 1 to {MAX_COLUMNS - 2}, as a sheet has {MAX_COLUMNS} columns, not {k}")
    found = heads.output_value(tokens, layer, head, k, model)
    rows = [
        [_token(token), own_rank, *map(_token, written)]
        for token, own_rank, written in zip(tokens, found.own_ranks.tolist(), found.ids.tolist(), strict=True)
    ]
    return [["token", "own rank", *range(1, found.ids.shape[1] + 1)], *rows]


@cell_function
def gpt2_attribution(
    prompt: arg.Prompt, target: arg.Token, against: arg.Token = arg.LEFT_OUT, model: arg.Model = arg.LEFT_OUT
) -> Table:
    """Direct logit attribution: what each part of the model adds to a next token's logit; the last row is the sum.

    target: the token whose logit is taken apart: its text, mostly with the space before it, or its id as a number
    against: a second token; then what is taken apart is target's logit minus this one's

    A row for each embedding, head, bias and MLP in the order of the forward pass: component, layer, head, logit. ln_f
    divides all of them by the final stream's standard deviation, so they add up to the logit.

    Example: =GPT2_ATTRIBUTION("If today is Tuesday, tomorrow is", " Wednesday", " Monday")
    """
    parts = attribution.attribution(prompt, target, model, against)
    rows = [[part.name, part.layer, part.head, part.logit] for part in parts]
    total = ["sum", None, None, sum(part.logit for part in parts)]
    return [["component", "layer", "head", "logit"], *rows, total]


def _token(token: int) -> str:
    return tokenizer.token_text(token)
