"""LibreOffice computes `5_pure_formulas.xlsx` like the backend in float64, and follows edits."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest

from tests.books import Books
from tests.hosts.calc_host import Calc, calc
from tests.workbook_templates.promises import InCalc, check
from tests.workbook_templates.pure_steps import Steps, differences, in_backend, in_float64
from udfs.backend import catalogue
from udfs.backend.gpt2.forward import forward
from udfs.backend.gpt2.tokenizer import encode
from workbook_templates import number_rows
from workbook_templates.start_tab import Try

PROMPTS = {"If today is Tuesday, tomorrow is": " Wednesday", "Mike is quick. He moves": " quickly"}
WITHIN = 1e-4
EXACT = 1e-7  # both are float64; tokens that are counted together move a probability by about 1e-9
FLOAT32 = 2e-6  # the rounding of float32 in the backend, for values as large as the last stream's 500


@pytest.fixture(scope="module")
def opened(books: Books) -> tuple[Calc, list[Try]]:
    """The workbook with the demo model, open in LibreOffice, and what its tab Start promises.

    It has as many rows as the longest prompt needs: each row has thousands of formulas.
    """
    options = {"model": "demo", "tokens": 7}
    running = calc()
    with patch.object(number_rows, "_LEVEL", 1):  # packing the weights tightly would take half of the time
        file = books.file("pure", **options)
    running.open(file)
    return running, books.promises("pure", **options)


@pytest.fixture(scope="module")
def book(opened: tuple[Calc, list[Try]]) -> Calc:
    return opened[0]


@pytest.fixture(scope="module")
def steps(book: Calc) -> Steps:
    return Steps(book)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_every_step_equals_the_reference(book: Calc, steps: Steps, prompt: str) -> None:
    book.set("Prompt", "B6", prompt)
    assert steps.next_token() == PROMPTS[prompt]
    exact = in_float64(prompt, steps.ids)
    values = steps.values(exact)
    assert len(values) == len(exact) == 12 * 13 + 2
    for expected in (exact, in_backend(prompt, steps.ids, "demo ; float64")):
        assert {name: x for name, x in differences(values, expected).items() if x.largest > EXACT} == {}
    narrow = differences(values, in_backend(prompt, steps.ids, "demo"))
    assert {name: x for name, x in narrow.items() if x.largest > max(WITHIN, FLOAT32 * x.of)} == {}


def test_every_promise_is_kept(opened: tuple[Calc, list[Try]]) -> None:
    book, promises = opened
    assert len(promises) >= 3
    check(promises, InCalc(book))


def test_a_changed_weight_changes_later_steps(book: Calc, steps: Steps) -> None:
    weight = "h.3.mlp.c_proj.bias"
    before, ids = steps.step(3, 10, 6), encode(str(book.values("Prompt", "B6")[0][0]))
    cell = steps.weight("mlp.c_proj.bias", 0, 5)
    learned = book.values("Weights 3", cell)[0][0]
    assert learned == float(catalogue.load("demo")[weight][5])
    book.set("Weights 3", cell, 4.0)
    assert np.array_equal(steps.step(3, 10, 6), before)
    edited = catalogue.load(f"demo ; set {weight}[5] = 4")
    expected = forward(ids, edited)[-1]
    assert np.abs(steps.logits() - expected[steps.ids]).max() < WITHIN
    usual = forward(ids, catalogue.load("demo"))[-1]
    assert np.abs(expected - usual).max() > 0.1, "the edit is too small to test anything"
    book.type("Weights 3", cell, learned)  # the next edit calculates it


def test_a_slightly_wrong_weight_is_noticed(book: Calc, steps: Steps) -> None:
    prompt = str(book.values("Prompt", "B6")[0][0])
    exact, cell = in_float64(prompt, steps.ids), steps.weight("mlp.c_fc.weight", 40, 100)
    learned = float(book.values("Weights 3", cell)[0][0])
    book.set("Weights 3", cell, round(learned, 4))
    noticed = [name for name, x in differences(steps.values(exact), exact).items() if x.largest > EXACT]
    book.type("Weights 3", cell, learned)
    assert noticed[0] == "block 3 step 9"
    assert "block 11 step 12" in noticed


def test_a_value_replaced_in_a_block_flows_on(book: Calc, steps: Steps) -> None:
    before = steps.step(5, 12, 4)
    book.set("Block 5", steps.edit(2, 7), 9.0)
    after = steps.step(5, 12, 4)
    assert np.array_equal(after[:2], before[:2]), "earlier tokens do not see the edit"
    assert np.abs(after[2:] - before[2:]).max(axis=1).min() > 1e-6, "its own token and all later ones do"
