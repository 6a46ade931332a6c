"""Reads formulas and numbers from a workbook's file."""

from __future__ import annotations

import html
import re
import warnings
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import openpyxl
import pytest
from openpyxl.cell import Cell
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from udfs.backend.gpt2.tokenizer import GPT2, N_VOCAB, encode
from workbook_templates import build
from workbook_templates.pure import bpe
from workbook_templates.pure.bpe import known_merges
from workbook_templates.pure.contents import Contents

Formulas: TypeAlias = "list[tuple[str, str, str]]"  # tab, cell, formula
_FORMULA: Final = re.compile(r"<(?:f|formula|formula1|formula2|definedName)(?: [^>]*)?>([^<]+)<")
LISTED: Final = "Mike is quick. He moves quickly<|endoftext|>"


def small(template: str, folder: Path, *, tokens: int = 4, **options: Any) -> Path:
    """A workbook with room for a few tokens, built for a tiny model. Its weights are in few cells."""
    with pytest.MonkeyPatch.context() as patch:
        few_tokens(patch)
        return build(template, folder, model="tiny", tokens=tokens, **options)


def few_rows(patch: pytest.MonkeyPatch) -> None:
    """In the workbook without Python, most tokens then share a row."""
    listed = frozenset(encode(LISTED))
    patch.setattr(Contents, "others", tuple(i for i in range(N_VOCAB) if i not in listed))


def few_tokens(patch: pytest.MonkeyPatch, *texts: str) -> None:
    """The workbook without Python then knows only the tokens and merges that can occur in a few texts, so that it is
    made and calculated quickly. Of these texts it makes the same tokens as with GPT-2's whole vocabulary."""
    few_rows(patch)
    merges = _merges_in("\n".join([LISTED, *texts]).encode())
    patch.setattr(bpe, "known_merges", lambda: merges)
    patch.setattr(bpe, "known_tokens", lambda: sorted({*range(256), *(merged for _, _, merged in merges), 50256}))


@cache
def _merges_in(given: bytes) -> list[tuple[int, int, int]]:
    return [merge for merge in known_merges() if GPT2.vocabulary.tokens[merge[2]] in given]


def opened(path: Path, *, rich_text: bool = False) -> openpyxl.Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl does not know the data bars of Excel 2010
        return openpyxl.load_workbook(path, rich_text=rich_text)


def stored_cells(sheet: Worksheet) -> Iterator[Cell]:
    """The cells that the file has. `iter_rows` would make all others between them, which takes seconds."""
    yield from list(sheet._cells.values())


def formulas(workbook: openpyxl.Workbook) -> Iterator[tuple[str, str, str]]:
    """Tab, cell and formula of every formula."""
    for sheet in workbook:
        for cell in stored_cells(sheet):
            if isinstance(cell.value, ArrayFormula):
                yield sheet.title, cell.coordinate, cell.value.text
            elif cell.data_type == "f":  # not a token such as =#
                yield sheet.title, cell.coordinate, cell.value


def formulas_in(path: Path) -> Iterator[str]:
    """Every formula of a workbook's file, also in rules of formats and of inputs, and in names."""
    with zipfile.ZipFile(path) as file:
        for name in file.namelist():
            if name.startswith("xl/worksheets/sheet") or name == "xl/workbook.xml":
                yield from map(html.unescape, _FORMULA.findall(file.read(name).decode()))


def code(formula: str) -> str:
    """A formula without its texts and sheet names."""
    return re.sub(r"\"(?:[^\"]|\"\")*\"|'[^']*'!", "", formula)


def stored_formulas(sheet: bytes) -> list[tuple[bytes, bytes]]:
    """Cell and formula of every formula in a sheet's XML."""
    return re.findall(rb'<c r="([A-Z]+\d+)"[^>]*><f[^>]*>([^<]*)</f>', sheet)


def stored_numbers(sheet: bytes) -> set[tuple[bytes, bytes]]:
    """Cell and number of every cell without a formula, in a sheet's XML. A text is the number of a shared string.

    Zeros are left out: the cells of an array formula hold them until it is computed.
    """
    found = re.findall(rb'<c r="([A-Z]+\d+)"[^>]*><v>([^<]*)</v>', sheet)
    return {(cell, number) for cell, number in found if number != b"0"}
