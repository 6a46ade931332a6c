"""Beyond temperature 0: sampling, beam search, log-probabilities, speculative decoding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from udfs import arguments as arg
from udfs.backend import catalogue
from udfs.backend.arrays import Array
from udfs.backend.generate import beam_search, decoding, log_probabilities, sampling, speculation
from udfs.backend.generate.sampling import DEFAULT_SEED, Sampling, random_numbers
from udfs.backend.gpt2 import tokenizer
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import next_logits, standing, top
from udfs.backend.stream import residual_stream
from udfs.cells import CellError, Table
from udfs.excel_limits import MAX_COLUMNS
from udfs.function import cell_function

_MAX_BEAMS = 64
_MAX_AHEAD = 64
_SHOWN_BEFORE = 8  # columns of the steps before the candidates


@cell_function
def gpt2_generate(
    prompt: arg.Prompt,
    tokens: arg.Count = 20,
    temperature: arg.Temperature = 0.0,
    top_k: arg.TopK = 0,
    top_p: arg.TopP = 1.0,
    seed: arg.Seed = DEFAULT_SEED,
    model: arg.Model = arg.LEFT_OUT,
) -> str:
    """Goes on with a text. Temperature 0, the default, takes the likeliest token each time; above 0 they are drawn.

    tokens: how many at most: 20 where left out; prompt and continuation together fit the model's context
    temperature: 0, the default, is greedy; 1 as trained; higher is wilder
    seed: which random numbers: 0 to 999999. Blank is 0. The same seed gives the same text

    It stops before <|endoftext|>. Tokens are drawn as in Hugging Face's transformers: logits divided by the
    temperature, then top_k, then top_p; tokens as likely as the last of the top_k stay; top_p keeps a token while those
    more likely have less than top_p together. The random numbers are PCG64's, one for each token.

    Example: =GPT2_GENERATE("Mike is", 20, 0.8, 50, 0.95, 1)
    """
    numbers, how = random_numbers(seed), Sampling(temperature, top_k, top_p)
    ids = [step.token for step in decoding.steps(prompt, tokens, model, how, numbers)]
    return tokenizer.decode(decoding.without_end(ids))


@cell_function
def gpt2_generate_steps(
    prompt: arg.Prompt,
    tokens: arg.Count = 20,
    temperature: arg.Temperature = 0.0,
    top_k: arg.TopK = 0,
    top_p: arg.TopP = 1.0,
    seed: arg.Seed = DEFAULT_SEED,
    k: arg.Count = 5,
    model: arg.Model = arg.LEFT_OUT,
) -> Table:
    """GPT2_GENERATE step by step: a row for each token, with the k likeliest candidates and what was drawn, and how.

    tokens: how many at most: 20 where left out
    k: how many candidates to show

    step, token and id of what was drawn; random: the number that drew it; rank: its rank; probability: the one with
    which it was drawn; after top_k and after top_p: how many tokens each left to draw from. Then the candidates, the
    likeliest first, with their probabilities at that temperature, before any cut. The last row may be <|endoftext|>.

    Example: =GPT2_GENERATE_STEPS("Mike is", 10, 0.8, 50, 0.95, 1, 5)
    """
    most = (MAX_COLUMNS - _SHOWN_BEFORE) // 2
    if k > most:
        raise CellError(f"k must be 1 to {most}, as a sheet has {MAX_COLUMNS} columns, not {k}")
    k = min(k, model.config.n_vocab)
    numbers, how = random_numbers(seed), Sampling(temperature, top_k, top_p)
    header = ["step", "token", "id", "random", "rank", "probability", "after top_k", "after top_p"]
    table: Table = [header + [title for number in range(1, k + 1) for title in (number, "probability")]]
    for number, step in enumerate(decoding.steps(prompt, tokens, model, how, numbers), start=1):
        table.append([number, *_drawn(step, how), *_shown(step.logits, how, k)])
    return table


def _drawn(step: decoding.Step, how: Sampling) -> list[Any]:
    found = sampling.stages(step.logits, how)
    rank = int(standing(step.logits[None], np.array([step.token])).ranks[0])
    left = [int((probabilities > 0).sum()) for probabilities in (found.top_k, found.top_p)]
    return [_token(step.token), step.token, step.number, rank, float(found.top_p[step.token]), *left]


def _shown(logits: Array, how: Sampling, k: int) -> list[Any]:
    probabilities = sampling.stages(logits, how).temperature
    return [cell for token in top(logits, k).tolist() for cell in (_token(token), float(probabilities[token]))]


@cell_function
def gpt2_candidates(
    prompt: arg.Prompt,
    k: arg.Count = 10,
    temperature: arg.Temperature = 1.0,
    top_k: arg.TopK = 0,
    top_p: arg.TopP = 1.0,
    model: arg.Model = arg.LEFT_OUT,
) -> Table:
    """What the next token is drawn from: the k likeliest tokens and their probabilities after each step of the cut.

    k: how many rows

    rank, token, id, logit; then the probability after the temperature, after top_k and after top_p, 0 where a token was
    cut; and up to: the sum of the last ones so far. A random number from 0 to 1 draws the first token whose sum is
    above it. Behind the 256 likeliest tokens the others lie by their ids, so that rounding does not decide.

    Example: =GPT2_CANDIDATES("Mike is", 10, 0.8, 5, 0.9)
    """
    logits = next_logits(residual_stream(prompt, model)[-1][-1:], model)[0]
    found = sampling.stages(logits, Sampling(temperature, top_k, top_p))
    ends = sampling.ends(found.top_p)
    table: Table = [["rank", "token", "id", "logit", "temperature", "top_k", "top_p", "up to"]]
    for rank, token in enumerate(top(logits, k).tolist(), start=1):
        shares = [float(part[token]) for part in (found.temperature, found.top_k, found.top_p)]
        table.append([rank, _token(token), token, float(logits[token]), *shares, min(1.0, float(ends[token]))])
    return table


@cell_function
def gpt2_beam(
    prompt: arg.Prompt, tokens: arg.Count = 20, beams: arg.Count = 4, model: arg.Model = arg.LEFT_OUT
) -> Table:
    """Beam search: the likeliest continuations it finds, the best first: beam, tokens, log-probability, score, text.

    tokens: how many at most: 20 where left out; a beam may end earlier, with <|endoftext|>
    beams: how many texts are followed at a time, 1 to 64; 1 is greedy

    log-probability is that of the whole text, in nats; score is that per token, by which beams are ranked, as in
    Hugging Face's transformers. The token <|endoftext|> counts where a beam ends with it.

    Example: =GPT2_BEAM("Mike is", 20, 4)
    """
    found = beam_search.beams(prompt, tokens, _checked_beams(beams, model), model)
    rows = [
        [number, len(of.tokens), of.log_probability, of.score, _continuation(of.tokens)]
        for number, of in enumerate(found, start=1)
    ]
    return [["beam", "tokens", "log-probability", "score", "text"], *rows]


@cell_function
def gpt2_beam_steps(
    prompt: arg.Prompt, tokens: arg.Count = 20, beams: arg.Count = 4, model: arg.Model = arg.LEFT_OUT
) -> Table:
    """Beam search step by step: at each step the likeliest continuations of all beams, and which of them go on.

    tokens: how many at most: 20 where left out
    beams: how many texts are followed at a time, 1 to 64

    Twice as many rows for each step as there are beams. from: the beam of the step before that is continued; token and
    its probability there; log-probability of the whole text; becomes: the number of the beam that goes on, or ended, or
    dropped.

    Example: =GPT2_BEAM_STEPS("Mike is", 6, 3)
    """
    table: Table = [["step", "from", "token", "probability", "log-probability", "becomes", "text"]]
    for number, step in enumerate(beam_search.search(prompt, tokens, _checked_beams(beams, model), model), start=1):
        going = 0
        for of in step.candidates:
            going += of.fate == "goes on"
            probability = math.exp(of.token_log_probability)
            becomes = going if of.fate == "goes on" else of.fate
            start = of.parent + 1 if number > 1 else None
            text = _continuation(of.tokens)
            table.append([number, start, _token(of.tokens[-1]), probability, of.log_probability, becomes, text])
    return table


@cell_function
def gpt2_logprobs(prompt: arg.Prompt, model: arg.Model = arg.LEFT_OUT) -> Table:
    """How well a text was foreseen: each token's log-probability, probability, rank, surprise, entropy; perplexity.

    log-probability is in nats. surprise is -log2 of the probability, in bits; entropy how unsure the model was before
    the token, in bits; perplexity that of the text so far, so the last one is the whole text's; expected the token that
    it found likeliest. Nothing stands before the first token, so its row is blank; with `; bos` in the model text the
    first row is <|endoftext|>.

    Example: =GPT2_LOGPROBS("Mike is quick. He moves quickly")
    """
    header = ["position", "token", "log-probability", "probability", "rank", "surprise", "entropy", "perplexity"]
    table: Table = [[*header, "expected"], [0, _token(prompt[0]), *[None] * 7]]
    logs: list[float] = []
    for position, of in enumerate(log_probabilities.predictions(prompt, model), start=1):
        logs.append(of.log_probability)
        numbers = (of.log_probability, math.exp(of.log_probability), of.rank, of.surprise, of.entropy)
        so_far = log_probabilities.perplexity(logs)
        table.append([position, _token(prompt[position]), *numbers, so_far, _token(of.likeliest)])
    return table


@cell_function
def gpt2_speculate(
    prompt: arg.Prompt,
    tokens: arg.Count = 20,
    draft: arg.Draft = arg.LEFT_OUT,
    seed: arg.Seed = DEFAULT_SEED,
    temperature: arg.Temperature = 1.0,
    ahead: arg.Count = 4,
    model: arg.Model = arg.LEFT_OUT,
) -> Table:
    """Speculative decoding, traced: a draft model proposes tokens, the model accepts or rejects them by the exact rule.

    tokens: how many at most: 20 where left out
    draft: the model text of the draft, such as distilgpt2; left out: the model without its last block
    temperature: 1, the default, as trained; 0 greedy, and then the text is GPT2_GENERATE's
    ahead: how many tokens the draft proposes at a time, 1 to 64; 4 where left out

    A row for each token: drawn is the random number that drew it, draft and model are its probabilities in both. accept
    is min(1, model / draft): the token is accepted where random is below it. After a rejected token the rest of the
    round is not looked at, and a replacement is drawn from max(0, model - draft) scaled to sum to 1, with the
    probability remainder. Where all are accepted, the model draws an extra one. text is the continuation so far. It is
    distributed as if the model alone had been sampled, whatever the draft is.

    Example: =GPT2_SPECULATE("Mike is", 20, "demo ; scale h.10.mlp by 0", 1, 1, 4, "demo")
    """
    if ahead > _MAX_AHEAD:
        raise CellError(f"ahead must be 1 to {_MAX_AHEAD}, not {ahead}")
    draft = draft or _without_last_block(model)
    entries = speculation.speculate(prompt, tokens, model, draft, Sampling(temperature), random_numbers(seed), ahead)
    kept: list[int] = []
    header = ["round", "position", "token", "drawn", "draft", "model", "accept", "random", "remainder", "outcome"]
    table: Table = [[*header, "text"]]
    for of in entries:
        kept += [of.token] * of.is_kept
        numbers = (of.drawn, of.draft, of.model, of.accept, of.coin, of.remainder)
        text = _continuation(kept) if of.is_kept else None
        table.append([of.round + 1, of.position, _token(of.token), *numbers, of.outcome, text])
    return table


def _without_last_block(model: Model) -> Model:
    last = model.config.n_layer - 1
    return catalogue.load(f"{model.text} ; scale h.{last}.attn by 0 ; scale h.{last}.mlp by 0")


def _checked_beams(beams: int, model: Model) -> int:
    most = min(_MAX_BEAMS, model.config.n_vocab // 2)
    if beams > most:
        raise CellError(f"beams must be 1 to {most}, not {beams}")
    return beams


def _continuation(ids: Any) -> str:
    return tokenizer.decode(decoding.without_end(ids))


def _token(token: int) -> str:
    return tokenizer.token_text(token)
