"""The Start tabs suggest things to try. With the demo model, each has the outcome that its text promises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from addin.headless import Workbook
from tests.workbook_templates.values import recalculated
from workbook_templates import TEMPLATES, build, start_tab
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Change, Like, Try


def built(template: str, folder: Path) -> tuple[Path, list[Try]]:
    """A workbook with the demo model, and its promises."""
    promises: list[Try] = []
    write = start_tab.things_to_try

    def noted(page: Page, tries: Sequence[Try], *rest: str) -> None:
        promises.extend(tries)
        write(page, tries, *rest)

    with patch.object(start_tab, "things_to_try", noted):
        model = None if template == "by_hand" else "demo"
        tokens = 8 if template == "pure" else 16  # as many as its prompts need; each row has thousands of formulas
        return build(template, folder, model=model, tokens=tokens, host="headless"), promises


def typed(text: str) -> str | float | None:
    """What a cell holds after the text was typed into it."""
    try:
        return float(text)
    except ValueError:
        return text or None


def outcome(workbook: Workbook, cells: str) -> Any:
    values = workbook.get_range(cells)
    return values[0][0] if len(values) == len(values[0]) == 1 else values


def is_kept(promise: Try, workbook: Workbook, before: Any) -> bool:
    after = outcome(workbook, promise.shows)
    match promise.becomes:
        case Change.OTHER:
            return bool(after != before)
        case Change.LESS:
            return bool(after < before)
        case Change.MORE:
            return bool(after > before)
        case Like(cell):
            return bool(after == workbook.get(cell))
        case str(text):
            return text in after and text not in before
        case number:
            return bool(after == pytest.approx(number) and after != before)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_promise_is_kept(template: str, tmp_path: Path) -> None:
    path, promises = built(template, tmp_path)
    workbook = recalculated(path)
    assert len(promises) >= 3
    for promise in promises:
        before = outcome(workbook, promise.shows)
        inputs = [(promise.cell, promise.typed), *promise.also]
        old = [workbook.get(f"'{promise.sheet}'!{cell}") for cell, _ in inputs]
        for cell, text in inputs:
            workbook.set(f"'{promise.sheet}'!{cell}", typed(text))
        workbook.recalculate()
        assert is_kept(promise, workbook, before), (promise, before, outcome(workbook, promise.shows))
        for (cell, _), value in zip(inputs, old, strict=True):
            workbook.set(f"'{promise.sheet}'!{cell}", value)
        workbook.recalculate()
        assert outcome(workbook, promise.shows) == before, promise
