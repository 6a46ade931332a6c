"""Reads the result of a recalculated workbook: its tokens and next tokens, from the cells with these names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from addin.errors import AddinError
from addin.headless import Cell, Workbook, WorkbookError
from udfs.backend import catalogue, model_text
from udfs.cells import ERROR_MARK, number_text


@dataclass(frozen=True)
class Token:
    """One token of the prompt."""

    position: int
    token: str
    id: int


@dataclass(frozen=True)
class Candidate:
    """One of the most likely next tokens."""

    rank: int
    token: str
    id: int
    logit: float
    probability: float


@dataclass(frozen=True)
class Outcome:
    """From the prompt to the next token, and what to know before you trust it."""

    model: str
    prompt: str
    tokens: tuple[Token, ...]
    next_tokens: tuple[Candidate, ...]
    next_token: str
    caveat: str = ""

    @property
    def is_demo(self) -> bool:
        """Whether the bundled teaching model computed this."""
        return model_text.parse(self.model).name == catalogue.DEMO


def read_outcome(workbook: Workbook) -> Outcome | None:
    """The outcome, or None if the workbook has no cells named `tokens` and `next_tokens`.

    Raises AddinError if one of the cells, or the cell named `status`, has an error.
    """
    _check(workbook, "status")
    tokens, candidates = _range(workbook, "tokens"), _range(workbook, "next_tokens")
    if tokens is None or candidates is None:
        return None
    for name in ("tokens", "next_tokens", "next_token"):
        _check(workbook, name)
    return Outcome(
        model=str(_cell(workbook, "model")),
        prompt=_text(_cell(workbook, "prompt")),
        tokens=tuple(
            Token(_whole(position), _text(token), _whole(id_))
            for position, token, id_ in _rows(tokens, ("position", "token", "id"))
        ),
        next_tokens=tuple(
            Candidate(_whole(rank), _text(token), _whole(id_), _number(logit), _number(probability))
            for rank, token, id_, logit, probability in _rows(
                candidates, ("rank", "token", "id", "logit", "probability")
            )
        ),
        next_token=_text(_cell(workbook, "next_token")),
        caveat=_text(_cell(workbook, "caveat")),
    )


def _range(workbook: Workbook, name: str) -> list[list[Cell]] | None:
    try:
        return workbook.get_range(name)
    except WorkbookError:
        return None


def _cell(workbook: Workbook, name: str) -> Cell:
    cells = _range(workbook, name)
    return cells[0][0] if cells else None


def _check(workbook: Workbook, name: str) -> None:
    """Raises AddinError, with the cell, for the first error in the cells of that name."""
    try:
        errors = workbook.errors(name)
    except WorkbookError:
        return
    for cell, text in errors.items():
        raise AddinError(f"{cell}: {text.removeprefix(ERROR_MARK)}")


def _rows(cells: Sequence[Sequence[Cell]], header: tuple[str, ...]) -> list[tuple[Cell, ...]]:
    """The filled rows below a header. Raises AddinError for another header."""
    width = len(header)
    if tuple(cells[0][:width]) != header:
        raise AddinError(f"the result must be a table with the columns {', '.join(header)}, not {cells[0][0]!r}")
    return [tuple(row[:width]) for row in cells[1:] if row[0] not in (None, "")]


def _text(value: Cell) -> str:
    """A cell's text. Numbers are formatted as in a spreadsheet."""
    if isinstance(value, bool):
        return str(value).upper()
    return "" if value is None else number_text(value) if isinstance(value, float) else str(value)


def _number(value: Cell) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise AddinError(f"the result must be a number, not {value!r}")
    return float(value)


def _whole(value: Cell) -> int:
    return int(_number(value))
