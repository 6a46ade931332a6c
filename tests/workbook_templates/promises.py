"""Tries what a Start tab suggests, in any program: with the demo model, each has the outcome that its text promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import pytest

from tests.books import DEMO
from tests.hosts.calc_host import Calc
from workbook_templates import TEMPLATES
from workbook_templates.formula.ranges import split_sheet
from workbook_templates.start_tab import Change, Like, Try

SMALL: Final = [name for name in TEMPLATES if name != "pure"]


class Opened(Protocol):
    """A workbook in any program."""

    def set(self, address: str, value: Any) -> Any: ...
    def get(self, address: str) -> Any: ...
    def get_range(self, address: str) -> Any: ...
    def recalculate(self) -> Any: ...


class InCalc:
    """A workbook in LibreOffice, which calculates a cell when it is read."""

    def __init__(self, office: Calc) -> None:
        self._office = office

    def set(self, address: str, value: Any) -> None:
        tab, cell = split_sheet(address)
        self._office.type(tab, cell, value)

    def get(self, address: str) -> Any:
        return self.get_range(address)[0][0]

    def get_range(self, address: str) -> Any:
        tab, cells = split_sheet(address.replace("$", ""))
        return self._office.named(cells) if tab is None else self._office.values(tab, cells)

    def recalculate(self) -> None:
        pass


def options(template: str) -> dict[str, Any]:
    """The options of the workbook with the demo model."""
    return {} if template == "by_hand" else dict(DEMO)


def typed(text: str) -> str | float | None:
    """What a cell holds after the text was typed into it."""
    try:
        return float(text)
    except ValueError:
        return text or None


def address(promise: Try, cell: str) -> str:
    """A cell's address, on the promise's tab unless it names another."""
    return cell if "!" in cell else f"'{promise.sheet}'!{cell}"


def outcome(workbook: Opened, cells: str) -> Any:
    values = workbook.get_range(cells)
    return values[0][0] if len(values) == len(values[0]) == 1 else values


def is_kept(promise: Try, workbook: Opened, before: Any) -> bool:
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


def check(promises: Sequence[Try], workbook: Opened) -> None:
    """Tries each promise in the unchanged workbook. Undoing one is calculated together with the next one."""
    before = [outcome(workbook, promise.shows) for promise in promises]
    for promise, usual in zip(promises, before, strict=True):
        inputs = [(address(promise, cell), text) for cell, text in [(promise.cell, promise.typed), *promise.also]]
        old = [workbook.get(cell) for cell, _ in inputs]
        for cell, text in inputs:
            workbook.set(cell, typed(text))
        workbook.recalculate()
        assert is_kept(promise, workbook, usual), (promise, usual, outcome(workbook, promise.shows))
        for (cell, _), value in zip(inputs, old, strict=True):
            workbook.set(cell, value)
    workbook.recalculate()
    assert [outcome(workbook, promise.shows) for promise in promises] == before
