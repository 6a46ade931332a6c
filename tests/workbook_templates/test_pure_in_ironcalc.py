"""A second engine recalculates the workbook of native formulas to the backend's answers.

With the demo model each prompt takes half a minute: `python -m tests.workbook_templates.ironcalc_book` tries all
held-out ones.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workbook_templates.files import LISTED, small
from tests.workbook_templates.ironcalc_book import IronCalcBook
from udfs.backend import catalogue
from udfs.backend.gpt2.forward import forward
from udfs.backend.gpt2.tokenizer import encode, token_text

pytest.importorskip("ironcalc", reason="IronCalc is not installed (the extra test)")


def test_the_next_token_is_the_backends(tmp_path: Path) -> None:
    book = IronCalcBook(small("pure", tmp_path, tokens=8))
    model = catalogue.load("tiny")
    listed = sorted(set(encode(LISTED)))  # the workbook knows no others
    for prompt in ("Mike is quick. He moves", "He is", "Mike moves quickly."):
        logits = forward(encode(prompt), model)[-1]
        assert book.next_token(prompt) == token_text(max(listed, key=lambda token: float(logits[token])))
