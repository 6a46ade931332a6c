"""Takes the text of a formula apart, and changes calls in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from workbook_templates.places import MARK

_TEXTS = re.compile(r'("(?:[^"]|"")*")')
_CALL = re.compile(r"(?<![\w.!])[A-Za-z_][\w.]*\(")
_QUOTED = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'")
_RANGE = re.compile(r"((?:'[^']+'|\w+)!)?(\$?[A-Z]{1,3}\$?[1-9]\d*)(?::(\$?[A-Z]{1,3}\$?[1-9]\d*))?")
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Area:
    """A range of cells, both ends counted from 0; `tab` is empty or ends in `!`."""

    tab: str
    row: int
    column: int
    last_row: int
    last_column: int

    def __str__(self) -> str:
        ends = ((self.row, self.column), (self.last_row, self.last_column))
        return self.tab + ":".join(xl_rowcol_to_cell(*end, row_abs=True, col_abs=True) for end in ends)

    def dropped(self, rows: int, columns: int) -> Area:
        """Without so many rows and columns, from the end where negative."""
        return Area(
            self.tab,
            self.row + max(rows, 0),
            self.column + max(columns, 0),
            self.last_row + min(rows, 0),
            self.last_column + min(columns, 0),
        )

    def column_of(self, number: int) -> Area:
        """One of its columns, counted from 1."""
        return Area(self.tab, self.row, self.column + number - 1, self.last_row, self.column + number - 1)


def area_of(text: str) -> Area | None:
    """The range that a text is the address of; None where it is something else."""
    found = _RANGE.fullmatch(text)
    if not found:
        return None
    tab, first, last = found.groups()
    return Area(tab or "", *xl_cell_to_rowcol(first), *xl_cell_to_rowcol(last or first))


def is_single(text: str) -> bool:
    """Whether a text is one cell, a name, or a message: one value, as far as can be seen."""
    area = area_of(text)
    return bool((area and ":" not in text) or _NAME.fullmatch(text) or text.startswith(f'"{MARK}'))


def outside_texts(text: str, change: Callable[[str], str]) -> str:
    """The formula with everything changed that stands between its texts."""
    return "".join(part if number % 2 else change(part) for number, part in enumerate(_TEXTS.split(text)))


def call_of(text: str) -> tuple[str, list[str]] | None:
    """Name and arguments where the whole text is one call."""
    found = _CALL.match(text)
    if not found or _closing(text, found.end() - 1) != len(text) - 1:
        return None
    return text[: found.end() - 1], arguments_of(text[found.end() : -1])


def arguments_of(text: str) -> list[str]:
    """What stands between a call's brackets, cut at its commas."""
    parts, start, depth = [], 0, 0
    for at, character in _characters(text):
        depth += (character in "({") - (character in ")}")
        if character == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]] if text else []


def change_calls(text: str, change: Callable[[str, list[str]], str | None]) -> str:
    """The text with every call replaced by what `change` makes of it, the inner ones first; None leaves it."""
    done, at = "", 0
    while found := _next_call(text, at):
        closing = _closing(text, found.end() - 1)
        arguments = [change_calls(part, change) for part in arguments_of(text[found.end() : closing])]
        name = text[found.start() : found.end() - 1]
        changed = change(name, arguments)
        done += text[at : found.start()] + (f"{name}({','.join(arguments)})" if changed is None else changed)
        at = closing + 1
    return done + text[at:]


def without_let(text: str) -> str:
    """The text with every LET written out: each variable replaced by its value."""

    def change(name: str, arguments: list[str]) -> str | None:
        if name != "LET":
            return None
        *pairs, body = arguments
        for variable, value in zip(pairs[-2::-2], pairs[::-2], strict=True):  # the last may use those before it
            body = _replaced(body, variable, value if call_of(value) or area_of(value) else f"({value})")
        return body

    return change_calls(text, change)


def _replaced(text: str, variable: str, value: str) -> str:
    used, done, at = re.compile(rf"(?<![\w.'!$]){variable}\b(?![\w(.'!])"), "", 0
    for quoted in [*_QUOTED.finditer(text), None]:
        end = quoted.start() if quoted else len(text)
        done += used.sub(lambda _: value, text[at:end]) + (quoted[0] if quoted else "")
        at = quoted.end() if quoted else end
    return done


def _next_call(text: str, start: int) -> re.Match[str] | None:
    quoted = [found.span() for found in _QUOTED.finditer(text)]
    for found in _CALL.finditer(text, start):
        if not any(first < found.start() < last for first, last in quoted):
            return found
    return None


def _closing(text: str, opening: int) -> int:
    depth = 0
    for at, character in _characters(text, opening):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return at
    raise ValueError(f"no closing bracket in {text}")


def _characters(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """The characters outside of quotes, each with its place."""
    at = start
    for quoted in [*_QUOTED.finditer(text, start), None]:
        end = quoted.start() if quoted else len(text)
        yield from enumerate(text[at:end], start=at)
        at = quoted.end() if quoted else end
