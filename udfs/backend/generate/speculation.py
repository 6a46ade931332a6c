"""Speculative decoding: a small draft model proposes tokens, and the model verifies them all in one pass.

A proposed token with probability q in the draft and p in the model is accepted with probability min(1, p / q). The
first rejected token is replaced by one drawn from max(0, p - q), scaled to sum to 1. If all are accepted, the model
adds one. The text then has the same distribution as a text sampled from the model alone, for any draft.

Sources: Leviathan, Kalman and Matias 2023; Chen et al. 2023.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.generate.decoding import check_length
from udfs.backend.generate.reader import Reader
from udfs.backend.generate.sampling import RandomNumbers, Sampling, distribution, draw
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import END_OF_TEXT
from udfs.backend.next_token import Probabilities

Outcome: TypeAlias = Literal["accepted", "rejected", "not looked at", "replacement", "extra"]

KEPT: tuple[Outcome, ...] = ("accepted", "replacement", "extra")


class Entry(NamedTuple):
    """One line of the trace: a token, and every number that decided its fate.

    Attributes:
        round: which round of proposals, from 0.
        position: its place in the continuation, from 0.
        token: its id.
        drawn: the random number that drew the token.
        outcome: its fate.
        draft: its probability in the draft model; None for an extra token.
        model: its probability in the model; None for a token that was not verified.
        accept: min(1, model / draft).
        coin: the random number that must be below `accept`.
        remainder: for a replacement, its probability in max(0, model - draft), scaled to sum to 1.
    """

    round: int
    position: int
    token: int
    drawn: float
    outcome: Outcome
    draft: float | None = None
    model: float | None = None
    accept: float | None = None
    coin: float | None = None
    remainder: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the token is part of the text."""
        return self.outcome in KEPT


class Proposal(NamedTuple):
    """A token of the draft, the random number that drew it, and the distribution that it was drawn from."""

    token: int
    drawn: float
    probabilities: Probabilities


def speculate(
    prompt: Sequence[int],
    n_tokens: int,
    model: Model,
    draft: Model,
    sampling: Sampling,
    numbers: RandomNumbers,
    ahead: int = 4,
) -> Iterator[Entry]:
    """The trace, token by token, until `n_tokens` are kept or `<|endoftext|>` is.

    The draft proposes `ahead` tokens at a time. Both models must have the same vocabulary. Raises ModelError if the
    text may get longer than the context of either.
    """
    for reading in (model, draft):
        check_length(len(prompt), n_tokens, reading)
    text = list(prompt)
    of_model, of_draft = Reader(prompt, model), Reader(prompt, draft)
    number_of_round, end = 0, model.tokenizer.end_of_text
    while (left := len(prompt) + n_tokens - len(text)) > 0:
        proposals = _propose(of_draft, text, min(ahead, left), sampling, numbers, end)
        logits = _verify(of_model, text, [proposal.token for proposal in proposals])
        wanted = [distribution(row, sampling) for row in logits]  # one for each proposal, and one after them all
        start = len(text) - len(prompt)
        for entry in decide(proposals, wanted, numbers, number_of_round, start, left, end):
            yield entry
            if entry.is_kept:
                text.append(entry.token)
                if entry.token == end:
                    return
        for reader in (of_model, of_draft):
            reader.go_back(len(text) - 1)  # the last token was never read
        number_of_round += 1


def decide(
    proposals: Sequence[Proposal],
    wanted: Sequence[Probabilities],
    numbers: RandomNumbers,
    number_of_round: int = 0,
    start: int = 0,
    room: int | None = None,
    end: int | None = END_OF_TEXT,
) -> Iterator[Entry]:
    """Accepts or rejects the proposals of a round, given the model's distribution at each and after the last one.

    The text ends with the token `end`.
    """
    for i, proposal in enumerate(proposals):
        token, model = proposal.token, wanted[i]
        p, q = float(model[token]), float(proposal.probabilities[token])
        accept, coin = min(1.0, p / q), numbers()
        outcome: Outcome = "accepted" if coin < accept else "rejected"
        yield Entry(number_of_round, start + i, token, proposal.drawn, outcome, q, p, accept, coin)
        if outcome == "accepted":
            if token == end:
                return
            continue
        for later, unseen in enumerate(proposals[i + 1 :], start=i + 1):
            q = float(unseen.probabilities[unseen.token])
            yield Entry(number_of_round, start + later, unseen.token, unseen.drawn, "not looked at", q)
        rest = remainder(model, proposal.probabilities)
        drawn = numbers()
        token = draw(rest, drawn)
        p, q = float(model[token]), float(proposal.probabilities[token])
        yield Entry(number_of_round, start + i, token, drawn, "replacement", q, p, remainder=float(rest[token]))
        return
    if room is None or len(proposals) < room:
        drawn = numbers()
        token = draw(wanted[-1], drawn)
        position = start + len(proposals)
        yield Entry(number_of_round, position, token, drawn, "extra", model=float(wanted[-1][token]))


def remainder(model: Probabilities, draft: Probabilities) -> Probabilities:
    """max(0, model - draft), scaled to sum to 1: the distribution that a rejected token is replaced from."""
    excess = np.maximum(model - draft, 0)
    total = excess.sum()
    return excess / total if total > 0 else model  # the two are equal up to rounding


def _propose(
    reader: Reader, text: Sequence[int], ahead: int, sampling: Sampling, numbers: RandomNumbers, end: int | None
) -> list[Proposal]:
    """The tokens with which the draft continues the text, up to the token `end`."""
    proposals: list[Proposal] = []
    unread = text[reader.n_read :]
    logits = reader.read(unread)[-1] if unread else reader.next_logits()
    while True:
        probabilities, number = distribution(logits, sampling), numbers()
        token = draw(probabilities, number)
        proposals.append(Proposal(token, number, probabilities))
        if len(proposals) == ahead or token == end:
            return proposals
        logits = reader.read([token])[-1]


def _verify(reader: Reader, text: Sequence[int], proposed: Sequence[int]) -> Array:
    """The model's logits before each of these tokens and after the last one: `[len(proposed) + 1, n_vocab]`."""
    unread = text[reader.n_read :]
    if unread:
        return reader.read([*unread, *proposed])[-len(proposed) - 1 :]
    before = reader.next_logits()[None]
    return np.concatenate([before, reader.read(proposed)])
