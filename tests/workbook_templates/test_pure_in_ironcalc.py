"""A second engine recalculates the workbook of native formulas to the backend's answers.

With the demo model each prompt takes half a minute: `python -m tests.workbook_templates.ironcalc_book` tries all
held-out ones.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import udfs
from tests.workbook_templates.files import few_rows
from tests.workbook_templates.ironcalc_book import IronCalcBook
from workbook_templates import build

pytest.importorskip("ironcalc", reason="IronCalc is not installed (the extra test)")


def test_the_next_token_is_the_backends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few_rows(monkeypatch)
    book = IronCalcBook(build("pure", tmp_path, model="tiny", tokens=8))
    for prompt in ("Mike is quick. He moves", "a red brick", "2+2="):
        assert book.next_token(prompt) == udfs.gpt2_predict(prompt, 1, 1, "tiny")[1][1]
