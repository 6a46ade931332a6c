"""What the demo model does by itself: where heads look, which parts name the next day, how texts go on.

Each function measures one fact of `udfs.models.demo.facts`; `facts.py` beside this file writes them down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

import udfs
from udfs.backend import catalogue
from udfs.backend.arrays import Array
from udfs.backend.gpt2.model import Model
from udfs.backend.gpt2.tokenizer import encode
from udfs.backend.interpret import circuits
from udfs.backend.interpret.circuit_search import smallest
from udfs.backend.interpret.circuits import Part, Task
from udfs.models.demo.facts import Circuit, DayHead, Greedy, Induction, Lens, LosingDay, PronounHead
from udfs.models.demo.prompts import ADVERB, DAYS, PETER_IS, SEVEN_DAYS, TUESDAY
from udfs.models.demo.recipe.held_out import ALL_REFERENCES

CONTINUED: Final = (PETER_IS, ADVERB, "Anna is a Jedi. She pulls out her", "Star Wars is a film")

_NEAR_0: Final = 0.01
_SEEDS: Final = range(5, 1000)


def pronoun_head(model: Model) -> PronounHead:
    """The head whose smallest share over all prompts is the largest."""
    found = [_from_the_end(item.prompt, item.name, model) for item in ALL_REFERENCES]
    shares = np.stack(found)  # [n_prompts, n_layer, n_head]
    layer, head = _place_of_largest(shares.min(axis=0))
    own = shares[:, layer, head]
    return PronounHead(layer, head, rounded(own.mean()), rounded(own.min()))


def day_shares(model: Model) -> Array:
    """How much each head looks from the end of the prompt to the day, in the mean over the days: [n_layer, n_head]."""
    pairs = zip(SEVEN_DAYS, DAYS, strict=True)
    return np.mean([_from_the_end(prompt, f" {day}", model) for (prompt, _), day in pairs], axis=0)


def day_head(shares: Array, needs: dict[Part, int]) -> DayHead:
    """Of the circuit's heads that look at the day most of the time, the one without which the most days are wrong."""
    looking = [part for part in needs if part.head is not None and shares[part.layer, part.head] > 0.5]
    if looking:
        part = max(looking, key=lambda part: (needs[part], shares[part.layer, part.head]))
    else:
        part = Part(*_place_of_largest(shares))
    layer, head = part.layer, part.head
    assert head is not None
    return DayHead(layer, head, rounded(shares[layer, head]))


def circuit(model: Model) -> tuple[Circuit, dict[Part, int]]:
    """The circuit, and for each of its parts the number of days that come out wrong without it."""
    task = _task(SEVEN_DAYS, model, "mean")
    coarse = smallest(task, circuits.halves(model.config), lambda parts, lead: None)
    found = smallest(task, circuits.singles(coarse, model.config), lambda parts, lead: None)
    needs = {part: int((task.standing(found - {part}).ranks > 1).sum()) for part in sorted(found, key=_in_order)}
    most = [part for part in needs if needs[part] > len(SEVEN_DAYS) / 2]
    crucial = most[0] if most else max(needs, key=lambda part: needs[part])
    (name,) = circuits.component_names(frozenset([crucial]), model.config)
    return Circuit(tuple(circuits.component_names(found, model.config)), name, needs[crucial]), needs


def other_days() -> list[LosingDay]:
    """All days but the answer."""
    answer, days = dict(SEVEN_DAYS)[TUESDAY], []
    for _, day in SEVEN_DAYS:
        rows = udfs.gpt2_lens_track(TUESDAY, day, -1, catalogue.DEMO)[1:]
        days.append(LosingDay(day, int(rows[-1][3]), rounded(max(row[2] for row in rows))))
    return [day for day in days if day.token != answer]


def lens(days: Sequence[LosingDay]) -> Lens:
    """The layers in which the answer to `TUESDAY` forms, and the day of these that rivals it most."""
    guesses = [str(row[1]) for row in udfs.gpt2_logitlens(TUESDAY, 1, -1, "both", catalogue.DEMO)[1:]]
    answer_from = len(guesses)
    while answer_from and guesses[answer_from - 1] == guesses[-1]:
        answer_from -= 1
    rival = max(days, key=lambda day: day.highest)
    return Lens(answer_from, guesses[answer_from - 1], rival.token, rival.highest)


def losing_day(days: Sequence[LosingDay]) -> LosingDay:
    """The best-ranked day that is never likely."""
    return min([day for day in days if day.highest < _NEAR_0] or days, key=lambda day: day.rank)


def induction(text: str) -> Induction:
    """The head with the highest induction score for a text."""
    rows = udfs.gpt2_head_scores(text, catalogue.DEMO)[1:]
    strongest = max(rows, key=lambda row: row[4])
    return Induction(text, int(strongest[0]), int(strongest[1]))


def greedy() -> Greedy:
    """The first prompt of `CONTINUED` whose text ends within 30 tokens."""
    for prompt in CONTINUED:
        text = str(udfs.gpt2_generate(prompt, 30, model=catalogue.DEMO))
        if len(encode(text)) < 30:
            return Greedy(prompt, text)
    raise ValueError("no text in CONTINUED ends within 30 tokens: add another")


def speculation_seed() -> int:
    """The first seed for which both outcomes are among the proposals of the draft on the tab Speculative decoding."""
    for seed in _SEEDS:
        outcomes = {row[9] for row in udfs.gpt2_speculate(PETER_IS, 24, None, seed, 1, 4, catalogue.DEMO)[1:]}
        if {"accepted", "rejected"} <= outcomes:
            return seed
    raise ValueError("no seed has proposals both accepted and rejected")


def attention(prompt: str, looking: str | None, word: str, model: Model) -> Array:
    """How much each head looks from one word (None: the last token) to another: [n_layer, n_head]."""
    ids, (token,) = encode(prompt), encode(word)
    row = -1 if looking is None else ids.index(encode(looking)[0])
    config = model.config
    patterns = [
        np.reshape(
            udfs.gpt2_residual(prompt, f"h.{layer}.attn.pattern", catalogue.DEMO), (len(ids), config.n_head, len(ids))
        )
        for layer in range(config.n_layer)
    ]  # [n_seq, n_head, n_seq] each
    return np.stack([pattern[row, :, ids.index(token)] for pattern in patterns])


def _from_the_end(prompt: str, word: str, model: Model) -> Array:
    """How much each head looks from the last token to a word of one token: [n_layer, n_head]."""
    return attention(prompt, None, word, model)


def _task(asked: Sequence[tuple[str, str]], model: Model, method: str) -> Task:
    answers = [encode(answer)[0] for _, answer in asked]
    return Task([encode(prompt) for prompt, _ in asked], answers, model, method)


def _in_order(part: Part) -> tuple[int, bool, int]:
    """Sorts parts as in the forward pass: the heads of a block before its MLP."""
    return part.layer, part.head is None, part.head or 0


def _place_of_largest(values: Array) -> tuple[int, int]:
    layer, head = np.unravel_index(int(values.argmax()), values.shape)
    return int(layer), int(head)


def rounded(value: float) -> float:
    return round(float(value), 4)
