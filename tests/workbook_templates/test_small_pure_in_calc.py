"""LibreOffice computes small workbooks of native formulas: rounded weights, and texts that it stores in its own way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.pure_large import check_edit, check_prompt, weights_of
from tests.hosts.calc_host import calc
from tests.workbook_templates.files import few_rows, small
from tests.workbook_templates.pure_steps import Steps
from udfs.backend import catalogue
from udfs.backend.gpt2.tokenizer import encode
from workbook_templates.pure.contents import Bits, Contents

PROMPT = "Mike is quick. He moves"  # a workbook with few tokens knows it


@pytest.mark.parametrize("bits", ["8", "16"])
def test_steps_answers_and_edits_are_those_of_the_rounded_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: Bits
) -> None:
    few_rows(monkeypatch)
    contents = Contents(catalogue.load("tiny"), bits)
    book = calc()
    book.open(small("pure", tmp_path, tokens=7, bits=bits))
    steps, weights = Steps(book, contents.config), weights_of(contents)
    for prompt in ("Mike", PROMPT):
        check_prompt(book, steps, contents, weights, prompt)
    check_edit(book, steps, contents, weights, PROMPT)


def test_a_tab_beside_a_line_break_is_a_tab(tmp_path: Path) -> None:
    text = "Mike\n\tMike"
    book = calc()
    book.open(small("pure", tmp_path, tokens=7))
    book.set(*book.cell_named("prompt"), text)
    assert [row[2] for row in book.named("tokens")[1:] if row[2] != ""] == encode(text)
