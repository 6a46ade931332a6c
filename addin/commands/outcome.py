"""What a recalculated workbook says: its tokens and its next tokens, read from the cells that carry these names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from addin.commands.problems import Problem
from addin.headless import Workbook, WorkbookError
from udfs import excel_errors
from udfs.backend import catalogue, model_text
from udfs.cells import ERROR_MARK

Cell: TypeAlias = "float | str | bool | None"


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
    """From the prompt to the next token."""

    model: str
    prompt: str
    tokens: tuple[Token, ...]
    next_tokens: tuple[Candidate, ...]
    next_token: str

    @property
    def is_demo(self) -> bool:
        """Whether this came from the bundled teaching model."""
        return model_text.parse(self.model).name == catalogue.DEMO


def read_outcome(workbook: Workbook) -> Outcome | None:
    """The outcome; None where no cells are named `tokens` and `next_tokens`. Problem for an error in one of them."""
    tokens, candidates = _range(workbook, "tokens"), _range(workbook, "next_tokens")
    if tokens is None or candidates is None:
        return None
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
    )


def _range(workbook: Workbook, name: str) -> list[list[Cell]] | None:
    try:
        return workbook.get_range(name)
    except WorkbookError:
        return None


def _cell(workbook: Workbook, name: str) -> Cell:
    cells = _range(workbook, name)
    return cells[0][0] if cells else None


def _rows(cells: Sequence[Sequence[Cell]], header: tuple[str, ...]) -> list[tuple[Cell, ...]]:
    """The filled rows below a header. Problem with the text that stands in the header's place, or with an error."""
    width = len(header)
    for value in (value for row in cells for value in row[:width]):
        if isinstance(value, str) and (value.startswith(ERROR_MARK) or value in excel_errors.ALL):
            raise Problem(value.removeprefix(ERROR_MARK))
    if tuple(cells[0][:width]) != header:
        raise Problem(f"a table with the columns {', '.join(header)} was to be calculated, not {cells[0][0]!r}")
    return [tuple(row[:width]) for row in cells[1:] if row[0] not in (None, "")]


def _text(value: Cell) -> str:
    """A cell's text; a number as a spreadsheet shows it."""
    if isinstance(value, bool):
        return str(value).upper()
    return "" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)


def _number(value: Cell) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Problem(f"a number was to be calculated, not {value!r}")
    return float(value)


def _whole(value: Cell) -> int:
    return int(_number(value))
