"""What `--set CELL=VALUE` says: a cell and the value to type into it."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from addin.commands.problems import Problem
from addin.headless import Workbook, WorkbookError

Value: TypeAlias = "float | str | bool | None"

_EDIT = re.compile(r"((?:'(?:[^']|'')*'!)?[^=]+)=(.*)", re.S)  # a quoted sheet's name may hold an =
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class Edit(NamedTuple):
    """A cell, or a defined name, and its new value; None clears it."""

    cell: str
    value: Value


def parse_edit(text: str) -> Edit:
    """`Weights!B6=0.5` as an edit. Problem where it names no cell."""
    match = _EDIT.fullmatch(text)
    if not match or not match[1].strip():
        raise Problem(f'--set must be like "Sheet!B7=value" or name=value, not {text!r}')
    return Edit(match[1].strip(), parse_value(match[2]))


def parse_value(text: str) -> Value:
    """What a spreadsheet makes of something typed: a number, TRUE or FALSE, nothing, or else text."""
    if not text:
        return None
    if text.upper() in ("TRUE", "FALSE"):
        return text.upper() == "TRUE"
    return float(text) if _NUMBER.fullmatch(text.strip()) else text


def make_edit(workbook: Workbook, edit: Edit) -> None:
    """Types the value in. Problem where the workbook has no such cell."""
    try:
        workbook.set(edit.cell, edit.value)
    except WorkbookError as error:
        raise Problem(f"--set {edit.cell}: {error}") from None
