"""A second engine recalculates the workbook of native formulas to the backend's answers.

Each prompt takes seconds: `python -m tests.workbook_templates.ironcalc_book` tries all held-out ones.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.pure_formulas import predicted
from tests.workbook_templates.ironcalc_book import IronCalcBook
from udfs.models.demo.recipe.held_out import PROMPTS

pytest.importorskip("ironcalc", reason="IronCalc is not installed (the extra test)")


def test_the_next_token_is_the_backends(pure_workbook: Path) -> None:
    book = IronCalcBook(pure_workbook)
    for prompt in ("Mike is quick. He moves", PROMPTS[-1].prompt):
        assert book.next_token(prompt) == predicted(prompt)
