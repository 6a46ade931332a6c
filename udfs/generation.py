"""Beyond temperature 0: sampling, beam search, log-probabilities, speculative decoding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from udfs.backend import catalogue, generate
from udfs.backend.arrays import Array
from udfs.backend.generate import sampling
from udfs.backend.generate.sampling import DEFAULT_SEED, Sampling, Stages, random_numbers
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import next_logits, standing, top
from udfs.backend.stream import residual_stream
from udfs.cells import CellError, Table, cell_function
from udfs.cells import arguments as arg
from udfs.cells.arguments import Texts

_MAX_BEAMS = 64
_MAX_AHEAD = 64
_STEP_TITLES = ("step", "token", "id", "random", "rank", "probability", "after top_k", "after top_p")


@overload
def gpt2_generate(
    prompt: str,
    tokens: int = ...,
    temperature: float = ...,
    top_k: int = ...,
    top_p: float = ...,
    seed: int = ...,
    model: str = ...,
) -> str: ...
@overload
def gpt2_generate(
    prompt: Texts,
    tokens: int = ...,
    temperature: float = ...,
    top_k: int = ...,
    top_p: float = ...,
    seed: int = ...,
    model: str = ...,
) -> str | Table: ...
@cell_function
def gpt2_generate(
    prompt: Texts,
    tokens: int = 20,
    temperature: float = 0.0,
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int = DEFAULT_SEED,
    model: str = "",
) -> str | Table:
    """Continues a text. Temperature 0, the default, takes the likeliest token each time; above 0 tokens are drawn.

    prompt: the text that the model reads; a column of texts gives a row for each
    tokens: the most tokens to generate, 20 by default; with the prompt they must fit into the model's context
    temperature: 0 (the default) is greedy, 1 is as trained; higher is more random
    seed: the random seed, 0 to 999999; blank is 0. The same seed gives the same text

    Stops before <|endoftext|>. Tokens are drawn as in Hugging Face's transformers: logits divided by the temperature,
    then top_k, then top_p; tokens as likely as the last of the top_k stay; top_p keeps a token if the likelier ones
    together have less than top_p. Each token takes one random number of Python's `random.Random(seed)`.

    Raises: CellError if the prompt has no tokens, or if tokens do not fit after it.
    Source: Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration" (top_p).
    Example: =GPT2_GENERATE("Peter is", 20, 0.8, 50, 0.95, 1)
    """
    gpt2 = arg.model(model)
    how = arg.sampling(temperature, top_k, top_p)
    steps = generate.decoding.steps(
        arg.prompt(prompt, gpt2), arg.count(tokens, "tokens"), gpt2, how, random_numbers(arg.seed(seed))
    )
    return _continuation([step.token for step in steps], gpt2)


@cell_function
def gpt2_generate_steps(
    prompt: str,
    tokens: int = 20,
    temperature: float = 0.0,
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int = DEFAULT_SEED,
    k: int = 5,
    model: str = "",
) -> Table:
    """GPT2_GENERATE step by step: a row for each token, with the k likeliest candidates and what was drawn.

    tokens: the most tokens to generate, 20 by default
    temperature: 0 (the default) is greedy, 1 is as trained; higher is more random
    k: how many candidates to show

    Columns: step; token and id of what was drawn; random, the number that drew it; rank; probability, the one with
    which it was drawn; after top_k and after top_p, how many tokens each left to draw from. Then the candidates, the
    likeliest first, with their probabilities at that temperature, before any cut. The last row may be <|endoftext|>.

    Raises: CellError if the prompt has no tokens, if tokens do not fit after it, or if the table would be wider than a
    sheet.
    Example: =GPT2_GENERATE_STEPS("Peter is", 10, 0.8, 50, 0.95, 1, 5)
    """
    gpt2 = arg.model(model)
    shown = min(arg.count_of_columns(k, 2, len(_STEP_TITLES)), gpt2.config.n_vocab)
    how = arg.sampling(temperature, top_k, top_p)
    steps = generate.decoding.steps(
        arg.prompt(prompt, gpt2), arg.count(tokens, "tokens"), gpt2, how, random_numbers(arg.seed(seed))
    )
    candidates = [title for number in range(1, shown + 1) for title in (number, "probability")]
    table: Table = [[*_STEP_TITLES, *candidates]]
    for number, step in enumerate(steps, start=1):
        found = sampling.stages(step.logits, how)
        table.append([number, *_drawn(step, found, gpt2), *_candidates(step.logits, found, shown, gpt2)])
    return table


def _drawn(step: generate.decoding.Step, found: Stages, gpt2: Model) -> list[Any]:
    rank = int(standing(step.logits[None], np.array([step.token])).ranks[0])
    left = [int((probabilities > 0).sum()) for probabilities in (found.top_k, found.top_p)]
    return [gpt2.token_text(step.token), step.token, step.number, rank, float(found.top_p[step.token]), *left]


def _candidates(logits: Array, found: Stages, k: int, gpt2: Model) -> list[Any]:
    tokens: list[int] = top(logits, k).tolist()
    return [cell for token in tokens for cell in (gpt2.token_text(token), float(found.temperature[token]))]


@cell_function
def gpt2_candidates(
    prompt: str, k: int = 10, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0, model: str = ""
) -> Table:
    """What the next token is drawn from: the k likeliest tokens and their probabilities after each step of the cut.

    k: how many rows

    Columns: rank, token, id, logit; then the probability after the temperature, after top_k and after top_p, 0 if a
    token was cut; and up to, the running sum of the probabilities after top_p. A random number from 0 to 1 draws the
    first token whose sum is above it. Among equally likely tokens, the lower id comes first.

    Raises: CellError if the prompt has no tokens, or too many.
    Source: Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration" (top_p).
    Example: =GPT2_CANDIDATES("Peter is", 10, 0.8, 5, 0.9)
    """
    gpt2 = arg.model(model)
    how, count = arg.sampling(temperature, top_k, top_p), arg.count(k, "k")
    logits = next_logits(residual_stream(arg.prompt(prompt, gpt2), gpt2)[-1][-1:], gpt2)[0]
    found = sampling.stages(logits, how)
    ends = sampling.ends(found.top_p)
    table: Table = [["rank", "token", "id", "logit", "temperature", "top_k", "top_p", "up to"]]
    for rank, token in enumerate(top(logits, count).tolist(), start=1):
        shares = [float(part[token]) for part in (found.temperature, found.top_k, found.top_p)]
        table.append([rank, gpt2.token_text(token), token, float(logits[token]), *shares, min(1.0, float(ends[token]))])
    return table


@cell_function
def gpt2_beam(prompt: str, tokens: int = 20, beams: int = 4, model: str = "") -> Table:
    """Beam search: the likeliest continuations it finds, the best first: beam, tokens, log-probability, score, text.

    tokens: the most tokens to generate, 20 by default; a beam may end earlier, with <|endoftext|>
    beams: how many texts to follow at a time, 1 to 64; 1 is greedy

    log-probability is the whole text's, in nats; score is the log-probability for each token, which ranks the beams, as
    in Hugging Face's transformers. The token <|endoftext|> counts if a beam ends with it.

    Raises: CellError if the prompt has no tokens, if tokens do not fit after it, or if there are too many beams.
    Source: Sutskever, Vinyals and Le 2014, "Sequence to Sequence Learning with Neural Networks", section 3.2.
    Example: =GPT2_BEAM("Peter is", 20, 4)
    """
    gpt2 = arg.model(model)
    found = generate.beam_search.beams(
        arg.prompt(prompt, gpt2), arg.count(tokens, "tokens"), _beam_count(beams, gpt2), gpt2
    )
    rows = [
        [number, len(of.tokens), of.log_probability, of.score, _continuation(of.tokens, gpt2)]
        for number, of in enumerate(found, start=1)
    ]
    return [["beam", "tokens", "log-probability", "score", "text"], *rows]


@cell_function
def gpt2_beam_steps(prompt: str, tokens: int = 20, beams: int = 4, model: str = "") -> Table:
    """Beam search step by step: at each step the likeliest continuations of all beams, and which of them go on.

    tokens: the most tokens to generate, 20 by default
    beams: how many texts to follow at a time, 1 to 64

    Each step has twice as many rows as there are beams. Columns: from, the previous step's beam that the row continues;
    token and its probability there; log-probability of the whole text; becomes, the number of the beam that goes on, or
    ended, or dropped.

    Raises: CellError if the prompt has no tokens, if tokens do not fit after it, or if there are too many beams.
    Source: Sutskever, Vinyals and Le 2014, "Sequence to Sequence Learning with Neural Networks", section 3.2.
    Example: =GPT2_BEAM_STEPS("Peter is", 6, 3)
    """
    gpt2 = arg.model(model)
    steps = generate.beam_search.search(
        arg.prompt(prompt, gpt2), arg.count(tokens, "tokens"), _beam_count(beams, gpt2), gpt2
    )
    table: Table = [["step", "from", "token", "probability", "log-probability", "becomes", "text"]]
    for number, step in enumerate(steps, start=1):
        n_going_on = 0
        for of in step.candidates:
            n_going_on += of.fate == "goes on"
            probability = math.exp(of.token_log_probability)
            becomes = n_going_on if of.fate == "goes on" else of.fate
            start = of.parent + 1 if number > 1 else None
            text = _continuation(of.tokens, gpt2)
            token = gpt2.token_text(of.tokens[-1])
            table.append([number, start, token, probability, of.log_probability, becomes, text])
    return table


def _beam_count(beams: int, gpt2: Model) -> int:
    count, most = arg.count(beams, "beams"), min(_MAX_BEAMS, gpt2.config.n_vocab // 2)
    if count > most:
        raise CellError(f"beams must be 1 to {most}, not {count}")
    return count


@cell_function
def gpt2_logprobs(prompt: Texts, model: str = "") -> Table:
    """How well a model predicts a text: each token's log-probability, probability, rank, surprise, entropy, perplexity.

    prompt: the text that the model reads; a column of texts gives a row for each

    log-probability is in nats. surprise is -log2 of the probability, in bits; entropy, in bits, is how unsure the model
    was before the token; perplexity is that of the text so far, so the last one is the whole text's; expected is the
    token that the model found likeliest. Nothing comes before the first token, so its row is blank; with `; bos` in the
    model text the first row is <|endoftext|>.

    A row for a text of a column has the number of its tokens, the sum of log-probability, the means of surprise and
    entropy, the perplexity, and the token that surprised most.

    Raises: CellError if the prompt has no tokens, or too many.
    Example: =GPT2_LOGPROBS("Mike is quick. He moves quickly")
    """
    gpt2 = arg.model(model)
    ids = arg.prompt(prompt, gpt2)
    header = ["position", "token", "log-probability", "probability", "rank", "surprise", "entropy", "perplexity"]
    table: Table = [[*header, "expected"], [0, gpt2.token_text(ids[0]), *[None] * 7]]
    logs: list[float] = []
    for position, of in enumerate(generate.log_probabilities.predictions(ids, gpt2), start=1):
        logs.append(of.log_probability)
        numbers = (of.log_probability, math.exp(of.log_probability), of.rank, of.surprise, of.entropy)
        so_far = generate.log_probabilities.perplexity(logs)
        token, expected = gpt2.token_text(ids[position]), gpt2.token_text(of.likeliest)
        table.append([position, token, *numbers, so_far, expected])
    return table


@cell_function
def gpt2_speculate(
    prompt: str,
    tokens: int = 20,
    draft: str | None = None,
    seed: int = DEFAULT_SEED,
    temperature: float = 1.0,
    ahead: int = 4,
    model: str = "",
) -> Table:
    """Speculative decoding, traced: a draft model proposes tokens, the model accepts or rejects them by the exact rule.

    tokens: the most tokens to generate, 20 by default
    draft: the model text of the draft, such as distilgpt2; blank for the model without its last block
    temperature: 1 (the default) is as trained; 0 is greedy, with the same text as GPT2_GENERATE
    ahead: how many tokens the draft proposes at a time, 1 to 64; 4 by default

    Returns a row for each token: drawn is the random number that drew it; draft and model are its probabilities in
    both. accept is min(1, model / draft): the token is accepted if random is below it. After a rejected token, the rest
    of the round is dropped, and a replacement is drawn from max(0, model - draft), scaled to sum to 1, with the
    probability remainder. If all are accepted, the model draws one more. text is the continuation so far. It has the
    same distribution as if the model alone had been sampled, for every draft.

    Raises: CellError if the draft has another vocabulary, if the prompt has no tokens, or if tokens do not fit after
    it.
    Source: Leviathan, Kalman and Matias 2023, "Fast Inference from Transformers via Speculative Decoding"; Chen et al.
    2023, "Accelerating Large Language Model Decoding with Speculative Sampling".
    Example: =GPT2_SPECULATE("Peter is", 20, "demo ; scale h.10.mlp by 0", 1, 1, 4, "demo")
    """
    gpt2 = arg.model(model)
    n_ahead = arg.count(ahead, "ahead")
    if n_ahead > _MAX_AHEAD:
        raise CellError(f"ahead must be 1 to {_MAX_AHEAD}, not {n_ahead}")
    proposer = _without_last_block(gpt2) if draft is None else arg.with_vocabulary_of(gpt2, draft, "draft")
    how, numbers = Sampling(arg.temperature(temperature)), random_numbers(arg.seed(seed))
    entries = generate.speculation.speculate(
        arg.prompt(prompt, gpt2), arg.count(tokens, "tokens"), gpt2, proposer, how, numbers, n_ahead
    )
    kept: list[int] = []
    header = ["round", "position", "token", "drawn", "draft", "model", "accept", "random", "remainder", "outcome"]
    table: Table = [[*header, "text"]]
    for of in entries:
        kept += [of.token] * of.is_kept
        values = (of.drawn, of.draft, of.model, of.accept, of.coin, of.remainder)
        text = _continuation(kept, gpt2) if of.is_kept else None
        table.append([of.round + 1, of.position, gpt2.token_text(of.token), *values, of.outcome, text])
    return table


def _without_last_block(gpt2: Model) -> Model:
    last = gpt2.config.n_layer - 1
    return catalogue.load(f"{gpt2.text} ; scale h.{last}.attn by 0 ; scale h.{last}.mlp by 0")


def _continuation(ids: Sequence[int], gpt2: Model) -> str:
    return gpt2.tokenizer.decode(generate.decoding.without_end(ids, gpt2))
