"""`gpt2-excel circuit`."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

import udfs
from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import SEVEN_DAYS

Run = Callable[..., Result]


def test_the_seven_days_need_few_parts(gpt2_excel: Run) -> None:
    found = json.loads(gpt2_excel("circuit", "--model", "demo", "--json").stdout)
    prompts, answers = ([[case[part]] for case in SEVEN_DAYS] for part in (0, 1))
    for names in (found["attentions_and_mlps"], found["heads_and_mlps"]):
        table = udfs.gpt2_circuit(prompts, answers, [[name] for name in names], None, "demo")
        assert all(row[4] for row in table[1:])
    assert found["heads_and_mlps"] == list(facts().circuit.parts)


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
