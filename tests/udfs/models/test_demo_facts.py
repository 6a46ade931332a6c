"""The facts about the demo model are those of the installed model, and what texts tell about it agrees with them."""

from __future__ import annotations

import math
import re
from dataclasses import asdict
from pathlib import Path

import pytest

import udfs
from udfs.backend import catalogue
from udfs.cells import FUNCTIONS
from udfs.models.demo.facts import facts
from udfs.models.demo.recipe.facts import measure
from udfs.models.demo.recipe.held_out import PROMPTS
from udfs.models.demo.recipe.surgery_facts import is_obsessed

ROOT = Path(__file__).parents[3]
MODELS = Path(udfs.__file__).with_name("models")
TEXTS = (
    ROOT / "README.md",
    ROOT / "docs/performance.md",
    MODELS / "demo/README.md",
    MODELS / "demo/report.md",
    MODELS / "demo_sae/README.md",
)
README, SPEED, DEMO, REPORT, SAE = (path.read_text(encoding="utf-8") for path in TEXTS)
JEDI = facts().jedi


def agree(found: object, expected: object) -> bool:
    """Whether two values are equal up to the rounding of another processor."""
    if isinstance(expected, dict):
        same_names = isinstance(found, dict) and found.keys() == expected.keys()
        return same_names and all(agree(found[name], expected[name]) for name in expected)
    if isinstance(expected, float):
        return isinstance(found, (int, float)) and math.isclose(found, expected, abs_tol=2e-4)
    return found == expected


def test_the_facts_are_those_of_the_installed_model() -> None:
    """After a change of the model or its autoencoder: python -m udfs.models.demo.recipe.facts"""
    measured, recorded = asdict(measure()), asdict(facts())
    assert [name for name in measured if not agree(recorded[name], measured[name])] == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (README, f"whose feature {JEDI.feature} is about Star Wars"),
        (README, f'"{JEDI.model}"'),
        (README, f"from layer {facts().lens.answer_from} on it is Wednesday"),
        (SPEED, f"{len(PROMPTS)} of {len(PROMPTS)} prompts"),
        (DEMO, "| width | {0.n_embd}, so a head has {0.d_head} numbers".format(catalogue.load("demo").config)),
        (REPORT, f"Head {facts().pronoun_head.head} of layer {facts().pronoun_head.layer}"),
        (SAE, f"feature: {JEDI.feature}"),
        (SAE, f"enters block {JEDI.layer}"),
        (SAE, JEDI.model),
    ],
)
def test_a_sentence_agrees_with_the_facts(text: str, sentence: str) -> None:
    assert sentence in " ".join(text.split())


def test_the_size_of_the_workbook_with_every_weight(pure_workbook: Path) -> None:
    assert f"every weight in a cell | {pure_workbook.stat().st_size / 1e6:.1f} MB |" in SPEED


def test_examples_of_functions_use_the_jedi_feature() -> None:
    known = {JEDI.layer, JEDI.feature, JEDI.coefficient}
    examples = [function.example for function in FUNCTIONS.values() if "sae" in function.example.lower()]
    assert examples
    for example in examples:
        assert {float(number) for number in re.findall(r"\b\d+\b", example)} <= known, example
    named = re.findall(r"(?:sae|GPT2_SAE_FEATURE)\((\d+), (\d+)", " ".join(examples))
    assert {tuple(map(int, pair)) for pair in named} == {(JEDI.layer, JEDI.feature)}


@pytest.mark.parametrize(("text", "expected"), [("a b b b c", True), ("a b b a b b", False), ("a b", False)])
def test_a_text_is_obsessed_if_a_word_comes_three_times_in_a_row(text: str, expected: bool) -> None:
    assert is_obsessed(text) is expected
