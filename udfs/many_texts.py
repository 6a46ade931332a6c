"""Many texts at once: a column of texts in, a row for each out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from udfs.anatomy import gpt2_predict
from udfs.backend import generate, interpret
from udfs.backend.batches import Batch, final_stream, for_each
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import next_logits, probabilities, top
from udfs.cells import Table, cell_function, of_prompts
from udfs.cells import arguments as arg
from udfs.cells.arguments import Texts, Token, Tokens
from udfs.generation import gpt2_generate, gpt2_logprobs
from udfs.lens import gpt2_lens_track
from udfs.reasons import gpt2_saliency

if TYPE_CHECKING:
    from udfs.backend.generate.log_probabilities import Prediction


@cell_function
def gpt2_score(texts: Texts, model: str = "") -> Table:
    """How well a model predicts each of many texts: tokens, log-probability, perplexity, likeliest next token.

    texts: a column of texts, or several columns, read row by row

    log-probability, in nats, is the sum over the text's tokens; the first is not counted, because nothing comes before
    it. perplexity is e to the mean of -log-probability: the model is as unsure as if that many tokens were equally
    likely. Both are blank for a text of one token.

    Raises: CellError if a text has no tokens, or too many.
    Example: =GPT2_SCORE(A2:A501)
    """
    gpt2 = arg.model(model)
    found = generate.scores.scores(arg.each_prompt(texts, gpt2, "texts"), gpt2)
    rows = [[of.tokens, of.log_probability, of.perplexity, gpt2.token_text(of.next_token)] for of in found]
    return [["tokens", "log-probability", "perplexity", "next token"], *rows]


@of_prompts(gpt2_predict)
def _predict(prompt: Texts, k: int, temperature: float, model: str) -> Table:
    """The k likeliest next tokens of each prompt, side by side."""
    gpt2 = arg.model(model)
    prompts, divisor = arg.each_prompt(prompt, gpt2, "prompt"), arg.temperature(temperature)
    titles = ["token", "id", "logit", "probability"]
    count = min(arg.count_of_columns(k, len(titles)), gpt2.config.n_vocab)

    def rows(batch: Batch) -> Sequence[list[Any]]:
        logits = next_logits(final_stream(batch, gpt2)[batch.last_rows], gpt2)  # -> [n_prompts, n_vocab]
        found = []
        for of_prompt, tokens in zip(logits, top(logits, count).tolist(), strict=True):
            chances = probabilities(of_prompt, divisor)
            cells = ((gpt2.token_text(at), at, float(of_prompt[at]), float(chances[at])) for at in tokens)
            found.append([cell for of_token in cells for cell in of_token])
        return found

    numbered = [[f"{title} {rank}" for title in titles] for rank in range(2, count + 1)]
    return [titles + [title for of_rank in numbered for title in of_rank], *for_each(prompts, rows)]


@of_prompts(gpt2_lens_track, "target")
def _lens_track(prompt: Texts, target: Tokens, position: int, model: str) -> Table:
    """The probability of a token at each layer for each prompt, and the rank that it ends with."""
    gpt2 = arg.model(model)
    prompts = arg.each_prompt(prompt, gpt2, "prompt")
    tokens = arg.token_for_each(target, len(prompts), gpt2, "target")
    positions = [arg.position(position, len(ids), gpt2) for ids in prompts]
    found = interpret.logit_lens.tracks(prompts, positions, tokens, gpt2)
    rows = [[*of.probabilities.tolist(), int(of.ranks[-1])] for of in found]
    return [[*range(gpt2.config.n_layer + 1), "rank"], *rows]


@of_prompts(gpt2_logprobs)
def _logprobs(prompt: Texts, model: str) -> Table:
    """A summary of each text: sums and means over its tokens, and the token that surprised most."""
    gpt2 = arg.model(model)
    prompts = arg.each_prompt(prompt, gpt2, "prompt")
    rows = [
        _summary(ids, found, gpt2)
        for ids, found in zip(prompts, generate.log_probabilities.predictions_of_each(prompts, gpt2), strict=True)
    ]
    return [
        ["tokens", "log-probability", "surprise", "entropy", "perplexity", "most surprising", "its surprise"],
        *rows,
    ]


def _summary(ids: Sequence[int], found: Sequence[Prediction], gpt2: Model) -> list[Any]:
    if not found:
        return [len(ids), *[None] * 6]
    logs = [of.log_probability for of in found]
    surprises = [of.surprise for of in found]
    largest = max(range(len(found)), key=surprises.__getitem__)
    means = [sum(values) / len(found) for values in (surprises, [of.entropy for of in found])]
    word = gpt2.token_text(ids[largest + 1])
    return [len(ids), sum(logs), *means, generate.log_probabilities.perplexity(logs), word, surprises[largest]]


@of_prompts(gpt2_saliency, "target", "against")
def _saliency(prompt: Texts, target: Tokens, method: str, against: Tokens | None, model: str) -> Table:
    """The token that adds most to the logit, for each prompt."""
    gpt2 = arg.model(model)
    prompts = arg.each_prompt(prompt, gpt2, "prompt")
    tokens: list[Token] = [*arg.token_for_each(target, len(prompts), gpt2, "target")]
    others = [None] * len(prompts) if against is None else arg.token_for_each(against, len(prompts), gpt2, "against")
    methods = interpret.saliency.METHODS
    compute = methods[arg.one_of(method, tuple(methods), "method")]
    rows = []
    for ids, token, other in zip(prompts, tokens, others, strict=True):
        found = compute(ids, interpret.gradients.logit(int(token), other), gpt2)
        known = {at: value for at, value in enumerate(found.tokens) if value is not None}
        most = max(known, key=known.__getitem__, default=None)
        winner = [None, None, None] if most is None else [most, gpt2.token_text(ids[most]), known[most]]
        rows.append([*winner, sum(known.values()), found.value])
    return [["position", "token", "saliency", "sum", "logit"], *rows]


@of_prompts(gpt2_generate)
def _generate(prompt: Texts, tokens: int, temperature: float, top_k: int, top_p: float, seed: int, model: str) -> Table:
    """The continuation of each prompt. Each begins with the same random number."""
    gpt2 = arg.model(model)
    prompts, count = arg.each_prompt(prompt, gpt2, "prompt"), arg.count(tokens, "tokens")
    how = arg.sampling(temperature, top_k, top_p)
    for ids in prompts:
        generate.decoding.check_length(len(ids), count, gpt2)
    found = generate.continuations.continuations(prompts, count, gpt2, how, arg.seed(seed))
    return [[gpt2.tokenizer.decode(ids)] for ids in found]
