from __future__ import annotations

import math

import numpy as np
import pytest

from tests.udfs.backend.generate.recorded import FIXTURE, IDS
from tests.whole_pass import all_logits
from udfs.backend.catalogue import load
from udfs.backend.generate import log_probabilities
from udfs.backend.generate.log_probabilities import perplexity, predictions
from udfs.backend.next_token import log_softmax

TEXT = [*IDS, *FIXTURE["greedy"]]


def test_log_probabilities_equal_transformers() -> None:
    """Recorded by tests/parity/transformers_generation.py."""
    found = [of.log_probability for of in predictions(TEXT, load("tiny"))]
    assert len(found) == len(TEXT) - 1
    np.testing.assert_allclose(found, FIXTURE["log_probabilities"], atol=1e-4)


def test_ranks_entropy_and_surprise_follow_their_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_probabilities, "_CHUNK", 5)  # several chunks, the last one partly filled
    model = load("tiny")
    logits = all_logits(TEXT, model).astype(np.float64)
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    for position, of in enumerate(predictions(TEXT, model), start=1):
        p = probabilities[position - 1]
        own = p[TEXT[position]]
        assert of.log_probability == pytest.approx(math.log(own), abs=1e-4)
        assert of.surprise == pytest.approx(-math.log2(own), abs=1e-3)
        assert of.rank == 1 + (p > own).sum()
        assert of.entropy == pytest.approx(-(p * np.log2(p)).sum(), abs=1e-4)
        assert of.likeliest == p.argmax()


def test_greedy_tokens_rank_first() -> None:
    assert [of.rank for of in predictions(TEXT, load("tiny"))[len(IDS) - 1 :]] == [1] * len(FIXTURE["greedy"])


def test_equal_probabilities_give_their_number_as_perplexity() -> None:
    assert perplexity([math.log(1 / 50)] * 7) == pytest.approx(50)
    assert perplexity([0.0]) == 1


def test_log_softmax_of_huge_logits() -> None:
    assert log_softmax(np.array([2.0**99, 0, -(2.0**99)], np.float32)).tolist() == [0, -(2.0**99), -(2.0**100)]


def test_a_single_token_has_no_predictions() -> None:
    assert predictions([11], load("tiny")) == []
