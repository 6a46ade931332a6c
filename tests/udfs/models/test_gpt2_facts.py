"""Published figures about the real GPT-2. `pytest -m gpt2` checks them all, if GPT-2 is on this machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.random_checkpoint import write_checkpoint
from udfs.backend import catalogue
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.model import Model
from udfs.models.gpt2 import facts
from udfs.models.gpt2.facts import Fact
from udfs.models.gpt2.measures import MEASURES

PUBLISHED = facts.facts_about("gpt2")


@pytest.fixture
def random_gpt2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A checkpoint with random weights that is called gpt2."""
    write_checkpoint(tmp_path / "gpt2")
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path))
    return catalogue.load("gpt2")


@pytest.mark.gpt2
@pytest.mark.parametrize("fact", PUBLISHED, ids=lambda fact: f"{fact.kind}: {fact.subject[:30]}")
def test_the_real_gpt2(gpt2: Model, fact: Fact) -> None:
    outcome = facts.check(fact, gpt2)
    if outcome.verdict == "not checked":
        pytest.skip(str(outcome.found[0]))
    assert outcome.verdict == "right", f"{fact.source}: {outcome.found} instead of {fact.expected}"


def test_every_fact_has_a_source_and_a_measure() -> None:
    assert len(PUBLISHED) > 100
    assert len({fact.source for fact in PUBLISHED}) > 20
    for fact in facts.published():
        assert fact.source
        assert fact.kind in MEASURES
        assert fact.expected or fact.kind == "token ids"
    assert all(other.needs and other.source for other in facts.left_out())


def test_the_tokenizer_is_right_and_random_weights_are_wrong(random_gpt2: Model) -> None:
    """Random weights fail every fact about a text that is read, and each of them without an exception."""
    outcomes = [facts.check(fact, random_gpt2) for fact in PUBLISHED]
    right = {outcome.fact.kind for outcome in outcomes if outcome.verdict == "right"}
    assert right == {"token ids", "tokens", "checksum"}
    unchecked = {outcome.found[0] for outcome in outcomes if outcome.verdict == "not checked"}
    assert unchecked == {"gpt2-excel download sae 7"}


def measured(kind: str, model: Model, **given: object) -> list[str | int | float]:
    return MEASURES[kind]({"bos": False, **given}, model)


def test_measures_agree_with_the_forward_pass(random_gpt2: Model) -> None:
    ids = [15496, 11, 616, 3290]
    logits = forward.forward(ids, random_gpt2).astype(np.float64)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    scored = [logs[i, ids[i + 1]] for i in range(3)]
    assert measured("log probabilities", random_gpt2, ids=ids) == pytest.approx(scored, rel=1e-5)
    assert measured("loss", random_gpt2, ids=ids) == pytest.approx([-np.mean(scored)], rel=1e-5)
    assert measured("perplexity", random_gpt2, ids=ids) == pytest.approx([np.exp(-np.mean(scored))], rel=1e-5)
    likeliest = measured("likeliest", random_gpt2, ids=ids, k=1, columns=["token", "logit"])
    assert likeliest == [random_gpt2.token_text(int(logits[-1].argmax())), pytest.approx(logits[-1].max(), rel=1e-5)]
    cut = measured("logits", random_gpt2, ids=ids, positions=[1, 2], columns=[0, 50256], centred=True)
    centred = logits - logits.mean(axis=1, keepdims=True)
    assert cut == pytest.approx(centred[1:3][:, [0, 50256]].ravel().tolist(), abs=1e-5)


def test_a_number_may_differ_by_the_tolerance_alone(random_gpt2: Model) -> None:
    fact = Fact("token ids", [15496, 995], "here", given={"prompt": "Hello world"})
    assert facts.check(fact, random_gpt2).verdict == "right"
    near = Fact("token ids", [15496, 990], "here", given={"prompt": "Hello world"}, tolerance=(0, 5))
    assert facts.check(near, random_gpt2).verdict == "right"
    far = Fact("token ids", [15491, 995], "here", given={"prompt": "Hello world"}, tolerance=(0, 5))
    outcome = facts.check(far, random_gpt2)
    assert (outcome.verdict, outcome.first_wrong) == ("wrong", 0)
    too_few = Fact("token ids", [15496], "here", given={"prompt": "Hello world"})
    assert facts.check(too_few, random_gpt2).verdict == "wrong"


def test_the_demo_model_is_as_its_report_says() -> None:
    """A part of the report; `gpt2-excel verify demo` checks all of it."""
    known = facts.facts_about("demo")
    assert len(known) > 150
    demo = catalogue.load("demo")
    assert {facts.check(fact, demo).verdict for fact in known[::20]} == {"right"}


def test_no_figures_are_known_of_other_models() -> None:
    assert not facts.facts_about("gpt2-xl")
    assert facts.facts_about("distilgpt2")
