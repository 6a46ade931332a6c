"""`gpt2-excel circuit`."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

import udfs
from udfs.backend.catalogue import load
from udfs.backend.gpt2.tokenizer import token_text
from udfs.backend.interpret import circuit_search
from udfs.backend.interpret.circuits import Parts, Task, component_names, halves
from udfs.models.demo.prompts import SEVEN_DAYS

Run = Callable[..., Result]


def test_two_days_need_few_parts(gpt2_excel: Run) -> None:
    cases = SEVEN_DAYS[1:3]
    options = [part for case in cases for part in ("--case", *case)]
    found = json.loads(gpt2_excel("circuit", "--model", "demo", "--json", *options).stdout)
    prompts, answers = ([[case[part]] for case in cases] for part in (0, 1))

    def all_right(names: list[str]) -> bool:
        table = udfs.gpt2_circuit(prompts, answers, [[name] for name in names], None, "demo")
        return all(row[4] for row in table[1:])

    parts = found["heads_and_mlps"]
    assert all_right(found["attentions_and_mlps"])
    assert all_right(parts)
    assert not any(all_right([name for name in parts if name != dropped]) for dropped in parts)


def test_the_default_task_is_the_seven_days(gpt2_excel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two large steps stand for the search, which `test_demo_facts.py` does in full."""
    answers = []

    def largest(task: Task, candidates: list[Parts], progress: Callable[[Parts, float], None], *_: object) -> Parts:
        parts = frozenset().union(*candidates)
        answers.append([token_text(int(best)) for best in task.logits(parts).argmax(axis=1)])
        progress(parts, 1.0)
        return parts

    monkeypatch.setattr(circuit_search, "smallest", largest)
    found = json.loads(gpt2_excel("circuit", "--model", "demo", "--json").stdout)
    assert answers == [[answer for _, answer in SEVEN_DAYS]] * 2
    assert found["heads_and_mlps"] == component_names(
        frozenset().union(*halves(load("demo").config)), load("demo").config
    )


def test_gradients_find_a_set_that_is_verified_too(gpt2_excel: Run) -> None:
    """Every day is right with it, and some day is wrong without any one of its parts."""
    result = gpt2_excel("circuit", "--model", "demo", "--gradients", "--json")
    parts = json.loads(result.stdout)["heads_and_mlps"]
    assert len(parts) < 20
    prompts, answers = ([[case[part]] for case in SEVEN_DAYS] for part in (0, 1))
    for kept in (parts, *([other for other in parts if other != part] for part in parts)):
        table = udfs.gpt2_circuit(prompts, answers, [[name] for name in kept], None, "demo")
        assert all(row[4] for row in table[1:]) == (kept == parts)


def test_processes_find_the_same_circuit(gpt2_excel: Run) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed (extra cluster)")
    arguments = ["circuit", "--model", "tiny", "--json"]
    for prompt in ("hello", "The cat sat", "on the mat"):
        arguments += ["--case", prompt, udfs.gpt2_predict(prompt, 1, 1, "tiny")[1][1]]
    found = gpt2_excel(*arguments, "--workers", 2)
    assert found.exit_code == 0, found.stderr
    assert found.stdout == gpt2_excel(*arguments).stdout


def test_a_task_that_the_model_cannot_do_is_one_line(gpt2_excel: Run) -> None:
    result = gpt2_excel("circuit", "--model", "demo", "--case", "Mike is", " the", "--case", "Anna is", " of")
    assert result.exit_code == 1
    assert result.stderr.startswith("gpt2-excel: every prompt must get its answer")


def test_an_answer_must_be_one_token(gpt2_excel: Run) -> None:
    result = gpt2_excel("circuit", "--model", "demo", "--case", "a", "two words")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert result.stderr.startswith("gpt2-excel: answer must be one token, not 2")
