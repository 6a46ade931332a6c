"""The effect of `gpt2-excel run --set` on a workbook: the cells that change, and those that become errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from addin.commands.outcome import Candidate, read_outcome
from addin.commands.source import Edit, address_of, check_model_of, make_edit
from addin.errors import AddinError
from addin.headless import Cell, Workbook
from udfs.cells import ERROR_MARK
from workbook_templates.formula.ranges import split_sheet

_MOST_RESULTS = 6


@dataclass(frozen=True)
class Change:
    """A cell, and its value before and after the edits."""

    cell: str
    before: Cell
    after: Cell


@dataclass(frozen=True)
class Effect:
    """What the edits changed.

    typed: the edited cells
    tabs: the number of changed cells on each tab, edited cells included
    results: the first changed cells on the edited tabs whose formula gives a single value
    answer: the most likely next token before the edits; None if it could not be computed
    notes: what the user may not expect, one line each
    """

    typed: tuple[Change, ...]
    tabs: Mapping[str, int]
    results: tuple[Change, ...]
    answer: Candidate | None
    notes: tuple[str, ...]


def apply_edits(workbook: Workbook, edits: Sequence[Edit]) -> Effect:
    """Recalculates a workbook, types in the values, and recalculates it again.

    Raises AddinError if a cell cannot be typed into, or if the edits put an error on a tab that they edit, and
    MissingError if they name a model that is not on this machine.
    """
    workbook.recalculate()
    answer, errors = _answer(workbook), workbook.errors()
    typed = {address_of(workbook, edit): edit for edit in edits}
    notes = [note for cell, edit in typed.items() for note in _notes(workbook, cell, edit)]
    tabs = list(dict.fromkeys(map(_tab, typed)))
    shown = {cell: workbook.get(cell) for tab in tabs for cell in workbook.single_formulas(tab)}
    before = {cell: workbook.get(cell) for cell in typed}
    for edit in edits:
        make_edit(workbook, edit)
    check_model_of(workbook)
    changed = workbook.recalculate()
    new = {cell: text for cell, text in workbook.errors().items() if errors.get(cell) != text}
    if own := {cell: text for cell, text in new.items() if _tab(cell) in tabs}:
        raise AddinError(_line(own))
    return Effect(
        typed=tuple(Change(cell, value, workbook.get(cell)) for cell, value in before.items()),
        tabs=dict(Counter(map(_tab, changed))),
        results=tuple(_changes(workbook, {cell: value for cell, value in shown.items() if cell not in typed})),
        answer=answer,
        notes=(*notes, *([_line(new)] if new else [])),
    )


def _answer(workbook: Workbook) -> Candidate | None:
    try:
        outcome = read_outcome(workbook)
    except AddinError:
        return None
    return outcome.next_tokens[0] if outcome and outcome.next_tokens else None


def _tab(cell: str) -> str:
    return split_sheet(cell)[0] or ""


def _notes(workbook: Workbook, cell: str, edit: Edit) -> Iterator[str]:
    if workbook.has_formula(cell):
        if not workbook.is_unlocked(cell):
            yield f"{cell} is not an input: what you typed replaces its formula"
    elif not workbook.is_read(cell):
        yield f"{cell} is not an input: no formula reads it"


def _changes(workbook: Workbook, shown: Mapping[str, Cell]) -> Sequence[Change]:
    """The first of these cells whose value has changed."""
    now = (Change(cell, value, workbook.get(cell)) for cell, value in shown.items())
    return [change for change in now if change.before != change.after][:_MOST_RESULTS]


def _line(errors: Mapping[str, str]) -> str:
    """The first error and its cell, and how many other cells show one."""
    cell, text = next(iter(errors.items()))
    more = f" (and an error in {len(errors) - 1} more cells)" if len(errors) > 1 else ""
    return f"{cell}: {text.removeprefix(ERROR_MARK)}{more}"
