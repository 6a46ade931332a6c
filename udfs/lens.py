"""Looking inside: the logit lens and attention heads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from udfs.backend import interpret
from udfs.backend.arrays import Array
from udfs.backend.gpt2.model import Model
from udfs.backend.stream import residual_stream, trace_block
from udfs.cells import CellError, Table, cell_function
from udfs.cells import arguments as arg
from udfs.cells.arguments import Texts, Tokens

Show: TypeAlias = Literal[
    "tokens", "probabilities", "both", "entropy", "kl",
    "tokens, halves", "probabilities, halves", "both, halves", "entropy, halves", "kl, halves",
    "tokens, outputs", "probabilities, outputs", "both, outputs", "entropy, outputs",
    "tokens, tuned", "probabilities, tuned", "both, tuned", "entropy, tuned", "kl, tuned",
]  # fmt: skip
_SHOWN = "tokens, probabilities, both, entropy or kl, alone or followed by `, halves`, `, outputs` or `, tuned`"


@cell_function
def gpt2_logitlens(
    prompt: str, k: int = 5, position: int | Literal["all"] = -1, show: Show = "tokens", model: str = ""
) -> Table:
    """The logit lens: what the model would say next if it stopped at a layer. A row for each layer, likeliest first.

    k: how many tokens
    position: the token's position, counted from 0; -1 (the default) is the last; all gives every position
    show: tokens (the default), probabilities, or both side by side; entropy or kl; with `, halves` also after each
        attention; with `, tuned` through the tuned lens; with `, outputs` what attentions and MLPs write by themselves

    Row 0 is the stream that enters block 0; the last row is the model's own answer. ln_f takes each row's own mean and
    variance. With position all, every token of the prompt has k columns. With halves, the rows are named by their
    place: h.0, h.0.mid (after block 0's attention), h.1 (after its MLP), and so on. entropy says how unsure the lens
    is, kl how far it is from the model's answer (Kullback-Leibler divergence), both in bits: one column a position,
    whatever k is. With outputs, the rows are h.0.attn, h.0.mlp, h.1.attn, and so on: the tokens that each part by
    itself makes likely. The tuned lens first applies an affine map, trained for each block; demo comes with one.

    Raises: CellError if the prompt has no such position, if the table would be wider than a sheet, or if the model has
    no tuned lens on this machine.
    Source: nostalgebraist 2020, "interpreting GPT: the logit lens"; Belrose et al. 2023 (tuned lens).
    Example: =GPT2_LOGITLENS("If today is Tuesday, tomorrow is", 3, -1, "both")
    """
    gpt2 = arg.model(model)
    ids = arg.prompt(prompt, gpt2)
    what, _, option = arg.one_of(show, get_args(Show), "show", _SHOWN).partition(", ")
    at = arg.position_or_all(position, len(ids), gpt2)
    positions = range(len(ids)) if at is None else [at]
    stages = _stages(option, ids, gpt2)
    residual = np.stack([stream[positions] for stream in stages.values()])  # -> [n_stages, n_positions, n_embd]
    tokens = [gpt2.token_text(ids[row]) for row in positions]
    if what in ("entropy", "kl"):
        measure = interpret.logit_lens.entropies if what == "entropy" else interpret.logit_lens.divergences
        header, rows = [what] if at is not None else tokens, measure(residual, gpt2).tolist()
    else:
        header, rows = _likeliest(what, residual, k, [1] if at is not None else tokens, gpt2)
    is_named = option in ("halves", "outputs")
    names: Iterable[Any] = stages if is_named else range(len(stages))
    table = [[name, *row] for name, row in zip(names, rows, strict=True)]
    return [["place" if is_named else "layer", *header], *table]


def _stages(option: str, ids: list[int], gpt2: Model) -> Mapping[str, Array]:
    """What the lens reads, by place: the stream at each depth, or what each half of a block writes."""
    if option == "outputs":
        return interpret.logit_lens.outputs(ids, gpt2)
    stages = interpret.logit_lens.stages(ids, gpt2, halves=option == "halves")
    if option == "tuned":
        return dict(zip(stages, interpret.tuned_lens.tuned(list(stages.values()), gpt2), strict=True))
    return stages


def _likeliest(what: str, residual: Array, k: int, titles: Sequence[Any], gpt2: Model) -> tuple[list[Any], Table]:
    """The header and the rows with the k likeliest tokens of each stage, `[n_stages, n_positions, n_embd]`.

    The columns of each position begin with its title.
    """
    width = len(titles) * (2 if what == "both" else 1)
    count = min(arg.count_of_columns(k, width, 1), gpt2.config.n_vocab)
    found = interpret.logit_lens.tops(residual, count, gpt2)
    tokens: list[list[int]] = found.ids.reshape(len(residual), -1).tolist()
    probabilities: list[list[float]] = found.probabilities.reshape(len(residual), -1).tolist()
    headings = [heading for title in titles for heading in [title, *range(2, count + 1)]]
    beside = ["probability"] * len(headings) if what == "both" else headings
    rows = [
        _chosen(what, list(map(gpt2.token_text, of_tokens)), of_probabilities)
        for of_tokens, of_probabilities in zip(tokens, probabilities, strict=True)
    ]
    return _chosen(what, headings, beside), rows


def _chosen(what: str, tokens: list[Any], probabilities: list[Any]) -> list[Any]:
    if what == "both":
        return [cell for pair in zip(tokens, probabilities, strict=True) for cell in pair]
    return tokens if what == "tokens" else probabilities


@cell_function
def gpt2_lens_track(prompt: Texts, target: Tokens, position: int = -1, model: str = "") -> Table:
    """One token through the logit lens: layer, logit, probability, rank. The last row is the model's own answer.

    prompt: the text that the model reads; a column of texts gives a row for each
    target: the token to follow: its text, usually with the space before it, or its id; or a column beside the prompts

    A row for a prompt of a column has the probability after each layer, then the rank in the model's own answer.

    Raises: CellError if target is not one token, or if the prompt has no such position.
    Source: nostalgebraist 2020, "interpreting GPT: the logit lens".
    Example: =GPT2_LENS_TRACK("If today is Tuesday, tomorrow is", " Wednesday")
    """
    gpt2 = arg.model(model)
    ids, token = arg.prompt(prompt, gpt2), arg.token(target, gpt2, "target")
    at = arg.position(position, len(ids), gpt2)
    stages = interpret.logit_lens.stages(ids, gpt2)
    stream = np.stack([residual[at] for residual in stages.values()])  # [n_layer + 1, n_embd]
    found = interpret.logit_lens.track(stream, token, gpt2)
    rows = zip(found.logits.tolist(), found.probabilities.tolist(), found.ranks.tolist(), strict=True)
    return [["layer", "logit", "probability", "rank"], *([layer, *row] for layer, row in enumerate(rows))]


@cell_function
def gpt2_attention(prompt: str, layer: int, head: int, model: str = "") -> Table:
    """Where one head looks while the model reads a prompt: a row for each token that looks, a column for each it sees.

    Rows sum to 1, and no token sees a later one.

    Raises: CellError if the model has no such layer or head, or if the prompt has no tokens, or too many.
    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.1.
    Example: =GPT2_ATTENTION("Mike is quick. He moves", 3, 4)
    """
    gpt2 = arg.model(model)
    ids, block, one = arg.prompt(prompt, gpt2), arg.layer(layer, gpt2), arg.head(head, gpt2)
    seen = trace_block(block, residual_stream(ids, gpt2)[block], gpt2)
    tokens = list(map(gpt2.token_text, ids))
    pattern = seen[f"blocks.{block}.attn.hook_pattern"][one].tolist()
    return [["looks from", *tokens], *([token, *row] for token, row in zip(tokens, pattern, strict=True))]


@cell_function
def gpt2_head_scores(prompt: str, model: str = "") -> Table:
    """Finds previous-token, duplicate-token and induction heads: the share of its attention that a head gives to each.

    previous is attention to the token just before; duplicate, to earlier copies of the token that looks; induction, to
    the tokens that came after those copies. Each is a mean, 0 to 1, over the tokens that have any to look at;
    duplicate and induction are blank if no token comes twice. Repeated text shows induction heads best.

    Raises: CellError if the prompt has no tokens, or too many.
    Source: Olsson et al. 2022, "In-context Learning and Induction Heads"; Wang et al. 2023, "Interpretability in the
    Wild" (duplicate-token heads).
    Example: =GPT2_HEAD_SCORES("red blue green red blue green")
    """
    gpt2 = arg.model(model)
    rows = [
        [of.layer, of.head, of.previous, of.duplicate, of.induction]
        for of in interpret.heads.head_scores(arg.prompt(prompt, gpt2), gpt2)
    ]
    return [["layer", "head", "previous", "duplicate", "induction"], *rows]


@cell_function
def gpt2_kq(prompt: str, layer: int, head: int, model: str = "") -> Table:
    """One head's scores before softmax, query . key / sqrt(d_head), with tokens as headers. Blank above the diagonal.

    Returns a row for each token that looks (query), and a column for each token it looks at (key). The last row is the
    part of a score that any query has with that key (the query's bias . key); the last column is the part that any key
    has with that query (query . the key's bias), which softmax ignores. Subtract both from a score, and the rest
    depends on the two tokens together.

    Raises: CellError if the model has no such layer or head, or if the prompt has no tokens, or too many.
    Source: Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits".
    Example: =GPT2_KQ("Mike is quick. He moves", 3, 4)
    """
    gpt2 = arg.model(model)
    ids = arg.prompt(prompt, gpt2)
    found = interpret.heads.key_query(ids, arg.layer(layer, gpt2), arg.head(head, gpt2), gpt2)
    tokens = list(map(gpt2.token_text, ids))
    rows = [
        [token, *scores[: i + 1], *[None] * (len(tokens) - i - 1), of_query]
        for i, (token, scores, of_query) in enumerate(
            zip(tokens, found.scores.tolist(), found.of_query.tolist(), strict=True)
        )
    ]
    return [["query \\ key", *tokens, "any key"], *rows, ["any query", *found.of_key.tolist(), None]]


@cell_function
def gpt2_ov(tokens: Tokens, layer: int, head: int, k: int = 5, model: str = "") -> Table:
    """What a head writes when it looks at a token: the tokens that it makes likeliest, and the rank of that token.

    tokens: texts or ids; a text of several tokens gives a row for each
    k: how many tokens

    The token's embedding alone goes through ln_1, the head's values and output, and the unembedding. A head that copies
    has a low own rank for most tokens.

    Raises: CellError if the model has no such layer or head, or if there are more tokens than the model has positions.
    Source: Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits".
    Example: =GPT2_OV("Mike is quick", 3, 4, 5)
    """
    gpt2 = arg.model(model)
    ids, count, n_ctx = arg.tokens_of_texts(tokens, gpt2), arg.count_of_columns(k, 1, 2), gpt2.config.n_ctx
    if len(ids) > n_ctx:
        raise CellError(f"tokens must hold 1 to {n_ctx} tokens for {gpt2.name}, not {len(ids)}")
    found = interpret.heads.output_value(ids, arg.layer(layer, gpt2), arg.head(head, gpt2), count, gpt2)
    rows = [
        [gpt2.token_text(token), own_rank, *map(gpt2.token_text, written)]
        for token, own_rank, written in zip(ids, found.own_ranks.tolist(), found.ids.tolist(), strict=True)
    ]
    return [["token", "own rank", *range(1, found.ids.shape[1] + 1)], *rows]
