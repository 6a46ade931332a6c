"""LibreOffice, which has no spills: a prompt of one token, and a prompt of too many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import udfs
from tests.hosts.calc_host import Calc, calc
from workbook_templates import build
from workbook_templates.formula.calc import CalcDialect

ROOM = CalcDialect.usual_tokens
AUTOENCODER = "#GPT2! layer must be one that has a sparse autoencoder"  # `tiny` has one in another layer


TEMPLATES = ("anatomy", "mri", "surgery", "generation", "check")  # `pure` is in test_pure_in_calc.py


@pytest.fixture(scope="module", params=TEMPLATES)
def template(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def office(template: str, tmp_path_factory: pytest.TempPathFactory) -> Calc:
    """A workbook whose prompt is one token."""
    running = calc()
    running.open(build(template, tmp_path_factory.mktemp(template), host="calc", model="tiny", prompt="a"))
    return running


def texts(office: Calc, tab: str) -> set[Any]:
    return {value for row in office.values(tab) for value in row if isinstance(value, str)}


def test_a_prompt_of_one_token_or_of_all_rows_gives_no_error(office: Calc) -> None:
    for prompt in ("a", " ".join("abcdefghijklmnopqrst"[:ROOM])):
        office.set(*office.cell_named("prompt"), prompt)
        assert office.named("status") == [["ready"]]
        found = {(tab, text) for tab in office.tabs() for text in texts(office, tab)}
        errors = {(tab, text) for tab, text in found if text.startswith(("Err:", "#")) and text != "#GPT2! ..."}
        assert not {(tab, text) for tab, text in errors if not text.startswith(AUTOENCODER)}, prompt


def test_a_prompt_with_one_token_too_many_is_a_message(template: str, office: Calc) -> None:
    office.set(*office.cell_named("prompt"), " ".join("abcdefghijklmnopqrst"[: ROOM + 1]))
    message = (
        f"#GPT2! this workbook has room for {ROOM} tokens, the prompt has {ROOM + 1}: "
        f"gpt2-excel new {template} --host calc --tokens {ROOM + 1}"
    )
    assert office.named("status") == office.named("next_token") == [[message]]
    others = {text for tab in office.tabs() for text in texts(office, tab) if text.startswith(("Err:", "#GPT2! "))}
    assert not {text for text in others - {message, "#GPT2! ..."} if not text.startswith(AUTOENCODER)}


@pytest.mark.parametrize("template", ["surgery"], indirect=True)
def test_a_sweep_with_a_prompt_of_one_token_has_numbers_only(office: Calc) -> None:
    office.set(*office.cell_named("prompt"), "a")
    rows = office.values("Coefficient sweep")
    office.type("Coefficient sweep", f"B{[row[0] for row in rows].index('operation') + 1}", "PCA")
    rows = office.values("Coefficient sweep")
    header = [row[0] for row in rows].index("coefficient")
    assert all(isinstance(value, float) for row in rows[header + 1 : header + 12] for value in row[:5])


def test_what_the_model_text_adds_at_the_last_token_is_not_added_to_a_row_without_one(tmp_path: Path) -> None:
    text = (
        'tiny ; add 3 * contrast("Love", "Hate") to h.1.mid at last ; add 2 * contrast("Love", "Hate") to h.2 at last'
    )
    office = calc()
    office.open(build("anatomy", tmp_path, host="calc", model=text, prompt="Mike is quick."))
    found = office.named("next_tokens")[1]
    (wanted,) = udfs.gpt2_predict("Mike is quick.", 1, None, text)[1:]
    assert found[1] == wanted[1]
    assert found[3] == pytest.approx(wanted[3], abs=1e-4)
