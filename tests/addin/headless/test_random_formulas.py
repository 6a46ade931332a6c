"""Ten thousand random formulas have the values that LibreOffice gives them, but for the differences listed here."""

from __future__ import annotations

import gzip
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from addin.headless import Workbook
from tests.addin.headless.random_formulas import SHEET, TABLE, by_calc, formulas, write_workbook

# Where LibreOffice 7.4 differs from Excel, by what the formula contains.
DIFFERENCES = {
    "it counts TRUE and FALSE in cells as the numbers 1 and 0": ("C1", "C2", "C3", "A1:D1", "A2:D5", "INDEX(A1:D8,"),
    "it does not know XOR under the name without a prefix": ("XOR(",),
    "it finds no empty text": ('FIND("",', 'SEARCH("",'),
    "it rounds to a multiple of the other sign, where Excel gives #NUM!": ("MROUND(",),
    "its days before March 1900 are one off, because it has no 29 February 1900": ("(59)",),
    "it refuses a blank cell": ("ISODD(A9)", "ISEVEN(A9)"),
    "it shows no sign before a zero, and rounds binary and not decimal digits": ("TEXT(-",),
}
ERRORS = ("#VALUE!", "#NUM!", "#REF!", "#DIV/0!", "#N/A")  # it stores its own errors as #VALUE!


def differing(texts: list[str], values: list[Any], path: Path) -> dict[str, tuple[Any, Any]]:
    """The formulas with another value in LibreOffice: that value, and the one here."""
    write_workbook(path, texts)
    book = Workbook.open(path, {})
    book.recalculate()
    assert book.not_calculated == []
    found = (row[0] for row in book.get_range(f"{SHEET}!H1:H{len(texts)}"))
    return {text: (v, f) for text, v, f in zip(texts, values, found, strict=True) if not _same(v, f)}


def _same(value: Any, found: Any) -> bool:
    if type(value) is float and type(found) is float:
        return math.isclose(value, found, rel_tol=1e-9, abs_tol=1e-13)
    return type(value) is type(found) and value == found


def unexplained(found: dict[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """The differences that are not listed."""
    listed = [part for parts in DIFFERENCES.values() for part in parts]
    return {
        text: (value, here)
        for text, (value, here) in found.items()
        if not any(part in text for part in listed) and not (value in ERRORS and here in ERRORS)
    }


def test_the_recorded_values(tmp_path: Path) -> None:
    table = json.loads(gzip.decompress(TABLE.read_bytes()))
    texts, values = zip(*table, strict=True)
    assert len(texts) == 10_000
    found = differing(list(texts), list(values), tmp_path / "formulas.xlsx")
    assert unexplained(found) == {}
    for reason, parts in DIFFERENCES.items():
        assert any(part in text for text in found for part in parts), f"no longer true: {reason}"


@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
def test_other_formulas(tmp_path: Path) -> None:
    texts = formulas(200, seed=18)
    found = differing(texts, by_calc(texts, tmp_path), tmp_path / "here.xlsx")
    assert unexplained(found) == {}
