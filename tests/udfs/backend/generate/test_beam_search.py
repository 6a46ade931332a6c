from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.udfs.backend.generate.recorded import FIXTURE, IDS
from tests.whole_pass import all_logits
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.generate import beam_search
from udfs.backend.generate.decoding import steps
from udfs.backend.generate.sampling import GREEDY, random_numbers
from udfs.backend.gpt2.model import Model
from udfs.backend.next_token import log_softmax


def log_probability(ids: list[int], continuation: tuple[int, ...], model: Model) -> float:
    """From one uncached pass."""
    logs = log_softmax(all_logits([*ids, *continuation], model))
    return float(sum(logs[len(ids) - 1 + i, token] for i, token in enumerate(continuation)))


@pytest.mark.parametrize("expected", FIXTURE["beams"], ids=lambda case: f"{case['n_beams']}-{case['stop']}")
def test_beams_equal_transformers(expected: dict[str, Any]) -> None:
    """Recorded by tests/parity/transformers_generation.py; some cases end beams early."""
    found = beam_search.beams(IDS, len(FIXTURE["greedy"]), expected["n_beams"], load("tiny"), expected["stop"])
    assert [list(of.tokens) for of in found] == expected["texts"]
    np.testing.assert_allclose([of.score for of in found], expected["scores"], atol=1e-4)


def test_one_beam_is_greedy() -> None:
    (found,) = beam_search.beams(IDS, 12, 1, load("tiny"))
    assert list(found.tokens) == [step.token for step in steps(IDS, 12, load("tiny"), GREEDY, random_numbers())]


def test_with_enough_beams_the_likeliest_text_is_found(few: Model) -> None:
    prompt, texts = [2, 0], list(itertools.product(range(4), repeat=4))
    likeliest = max(texts, key=lambda text: log_probability(prompt, text, few))
    found = beam_search.beams(prompt, 4, 64, few)[0]
    assert found.tokens == likeliest
    assert found.log_probability == pytest.approx(log_probability(prompt, likeliest, few), abs=1e-4)


@pytest.mark.parametrize("text", ["tiny", "tiny ; add 5 * sae(1, 3) to h.1 at last", "tiny ; scale h.1.mlp by 0.5",
                                  "tiny ; add 5 * sae(1, 3) to h.1 at all"])  # fmt: skip
def test_log_probabilities_equal_those_of_single_texts(text: str) -> None:
    model = load(text)
    for of in beam_search.beams(IDS, 5, 3, model):
        at_once = all_logits([*IDS, *of.tokens[:-1]], model, n_prompt=len(IDS))
        logs = log_softmax(at_once[len(IDS) - 1 :])
        assert of.log_probability == pytest.approx(logs[range(5), of.tokens].sum(), abs=1e-4)


def test_each_step_keeps_the_best_candidates() -> None:
    trace = list(beam_search.search(IDS, 6, 3, load("tiny"), stop=FIXTURE["greedy"][2]))
    for step in trace:
        totals = [of.log_probability for of in step.candidates]
        assert len(totals) == 6
        assert totals == sorted(totals, reverse=True)
    for step in trace[:-1]:
        assert [of.fate for of in step.candidates].count("goes on") == 3
        assert [of.fate == "ended" for of in step.candidates[:3]] == [
            of.tokens[-1] == FIXTURE["greedy"][2] for of in step.candidates[:3]
        ]
    assert trace[-1].ended == beam_search.beams(IDS, 6, 3, load("tiny"), FIXTURE["greedy"][2])


def test_too_long_a_text_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="tokens must be 1 to 56 here"):
        beam_search.beams(IDS, 57, 2, load("tiny"))
