"""Speculative decoding: the distribution of the model alone, greedy at temperature 0, and a trace that adds up."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chi_squared import chance
from tests.random_checkpoint import random_model
from tests.udfs.backend.generate.recorded import FIXTURE, IDS
from tests.whole_pass import all_logits, final_stream
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.generate import speculation
from udfs.backend.generate.decoding import Reader
from udfs.backend.generate.sampling import GREEDY, Sampling, distribution, draw, random_numbers
from udfs.backend.generate.speculation import Entry, Proposal, decide, remainder, speculate
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model

DRAFTS = ("tiny", "tiny ; scale h.2.mlp by 0", "tiny ; scale h.0.attn by 0 ; scale h.1.mlp by 0")
PLAIN = Sampling(1)
shares = st.lists(st.floats(0.01, 1), min_size=5, max_size=5).map(lambda x: np.array(x) / sum(x))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Model]:
    """A model and an unrelated draft, both with a vocabulary of four tokens."""
    folder = tmp_path_factory.mktemp("few")
    return random_model(folder, "few", 0), random_model(folder, "few", 1)


def trace(
    n_tokens: int, draft: str, how: Sampling = PLAIN, seed: int = 0, ahead: int = 4, model: str = "tiny"
) -> list[Entry]:
    return list(speculate(IDS, n_tokens, load(model), load(draft), how, random_numbers(seed), ahead))


def kept(entries: list[Entry]) -> list[int]:
    return [of.token for of in entries if of.is_kept]


def test_one_position_has_the_models_distribution() -> None:
    """8,000 rounds of the rule alone, with a draft that is far off."""
    model, draft = np.array([0.5, 0.25, 0.2, 0.05, 0]), np.array([0.05, 0.15, 0.3, 0.3, 0.2])
    numbers, counts = random_numbers(1), [0] * 5
    for _ in range(8_000):
        number = numbers()
        proposal = Proposal(draw(draft, number), number, draft)
        counts[kept(list(decide([proposal], [model, model], numbers, room=1)))[0]] += 1
    assert chance(counts, model) > 0.001
    assert chance(counts, draft) == 0


def test_whole_texts_have_the_models_distribution(pair: tuple[Model, Model]) -> None:
    """Three tokens in a row make 64 possible texts. Their probabilities are products from uncached logits."""
    model, draft = pair
    how, prompt = Sampling(0.7), [0, 3, 1]

    @cache
    def after(reader: Model, ids: tuple[int, ...]) -> np.ndarray:
        residual = final_stream([*prompt, *ids], reader)
        return distribution(forward.unembed(residual[-1:], reader)[0], how)

    def probability(text: tuple[int, ...], reader: Model) -> float:
        return float(np.prod([after(reader, text[:i])[token] for i, token in enumerate(text)]))

    texts = list(itertools.product(range(4), repeat=3))
    found = [tuple(kept(list(speculate(prompt, 3, model, draft, how, random_numbers(seed), 2)))) for seed in range(800)]
    counts = [found.count(text) for text in texts]
    assert chance(counts, [probability(text, model) for text in texts]) > 0.001
    assert chance(counts, [probability(text, draft) for text in texts]) < 1e-9


@pytest.mark.parametrize(("draft", "ahead"), [*((draft, 3) for draft in DRAFTS), (DRAFTS[2], 1), (DRAFTS[2], 8)])
def test_at_temperature_0_the_text_is_greedy(draft: str, ahead: int) -> None:
    assert kept(trace(24, draft, GREEDY, ahead=ahead)) == FIXTURE["greedy"]


def test_the_model_as_its_own_draft_accepts_everything() -> None:
    entries = trace(20, "tiny", seed=5)
    assert [of.outcome for of in entries] == (["accepted"] * 4 + ["extra"]) * 4
    assert all(of.accept == pytest.approx(1, abs=1e-4) for of in entries if of.outcome == "accepted")


@pytest.mark.parametrize("draft", DRAFTS[1:])
def test_every_number_of_the_trace_can_be_recomputed(draft: str) -> None:
    how, rounds = Sampling(0.9), {}
    entries = trace(12, draft, how, seed=2)
    text = list(IDS)
    for of in entries:
        rounds.setdefault(of.round, []).append(of)
    for of_round in rounds.values():
        proposed = list(text)
        for of in of_round:
            p, q = (distribution(all_logits(proposed, load(name))[-1], how) for name in ("tiny", draft))
            if of.outcome in ("replacement", "extra"):
                proposed = text
                p, q = (distribution(all_logits(text, load(name))[-1], how) for name in ("tiny", draft))
            if of.draft is not None:
                assert of.draft == pytest.approx(q[of.token], abs=1e-5)
            if of.model is not None:
                assert of.model == pytest.approx(p[of.token], abs=1e-5)
            if of.remainder is not None:
                assert of.remainder == pytest.approx(remainder(p, q)[of.token], abs=1e-4)
            if of.accept is not None and of.coin is not None:
                assert of.accept == min(1, of.model / of.draft)
                assert of.outcome == ("accepted" if of.coin < of.accept else "rejected")
            proposed = [*proposed, of.token]
            if of.is_kept:
                assert of.position == len(text) - len(IDS)
                text.append(of.token)
    assert len(text) == len(IDS) + 12
    assert {"accepted", "rejected", "replacement"} <= {of.outcome for of in entries}


def test_the_model_judges_each_round_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    model, draft = load("tiny"), load(DRAFTS[1])
    passes: dict[str, int] = {model.text: 0, draft.text: 0}
    unchanged = Reader.read

    def counted(self: Reader, ids: list[int]) -> np.ndarray:
        passes[self._model.text] += 1
        return unchanged(self, ids)

    monkeypatch.setattr(Reader, "read", counted)
    entries = list(speculate(IDS, 20, model, draft, Sampling(1), random_numbers(3), 4))
    n_rounds = entries[-1].round + 1
    assert passes[model.text] == n_rounds < 20
    assert passes[draft.text] > n_rounds


@given(shares, shares)
def test_accepted_and_remaining_probability_sum_to_the_models(model: np.ndarray, draft: np.ndarray) -> None:
    accepted = np.minimum(model, draft)
    rest = remainder(model, draft)
    assert rest.sum() == pytest.approx(1)
    np.testing.assert_allclose(accepted + (1 - accepted.sum()) * rest, model, atol=1e-9)


def test_it_stops_at_the_end_of_the_text() -> None:
    end = speculation.END_OF_TEXT
    sure, other = np.zeros(end + 1), np.zeros(end + 1)
    sure[end] = other[3] = 1
    accepted = list(decide([Proposal(end, 0.5, sure)], [sure, sure], random_numbers()))
    assert [(of.token, of.outcome) for of in accepted] == [(end, "accepted")]
    replaced = list(decide([Proposal(3, 0.5, other)] * 2, [sure] * 3, random_numbers()))
    assert [(of.token, of.outcome) for of in replaced] == [
        (3, "rejected"), (3, "not looked at"), (end, "replacement"),
    ]  # fmt: skip


def test_too_long_a_text_is_one_line() -> None:
    with pytest.raises(ModelError, match="tokens must be 1 to 56 here"):
        trace(57, "tiny")
