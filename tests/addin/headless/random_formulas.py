"""Random formulas of the functions that the headless host knows, and the values that LibreOffice gives them.

python -m tests.addin.headless.random_formulas    # records the table anew, with the soffice on this machine

The recorded table is `tests/fixtures/random_formulas.json.gz`: the formulas and their values, numbers with 15 digits.
"""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl

TABLE = Path(__file__).parents[2] / "fixtures" / "random_formulas.json.gz"
COUNT, SEED, SHEET = 10_000, 17, "S"
# Numbers, texts, booleans and blanks that formulas read.
CELLS: dict[str, Any] = {
    "A1": 1,
    "A2": 2.5,
    "A3": -3,
    "A4": 0,
    "A5": 7,
    "A6": 0.1,
    "A7": 1e6,
    "A8": 12.345,
    "B1": "apple",
    "B2": "Banana",
    "B3": "cherry pie",
    "B4": "apple",
    "B6": "x",
    "B7": "  two  words ",
    "B8": "A",
    "C1": True,
    "C2": False,
    "C4": 10,
    "C5": 20,
    "C6": 30,
    "C7": 40,
    "C8": 50,
    "D1": 1,
    "D2": 2,
    "D3": 3,
    "D4": 5,
    "D5": 8,
    "D6": 13,
    "D7": 21,
    "D8": 34,
    "E1": "ant",
    "E2": "bee",
    "E3": "cat",
    "E4": "dog",
    "E5": "eel",
    "E6": "fox",
    "E7": "gnu",
    "E8": "hen",
}
_NUMBERS = ("0", "1", "2", "3", "-1", "0.5", "2.5", "10", "100", "1.005", "-7.25", "12345.678", "0.1", "1E-3")
_NUMBER_CELLS = ("A1", "A2", "A3", "A4", "A5", "A6", "A8", "C4", "C8", "D3", "D8", "A9")
_TEXTS = ('"abc"', '"a"', '""', '"Hello World"', '"x,y"', '"  pad "', '"12"', '"apple"', '"ABC"')
_TEXT_CELLS = ("B1", "B2", "B3", "B6", "B7", "B8", "E1", "E8", "B5")
_RANGES = ("A1:A8", "A1:A4", "C4:C8", "D1:D8", "C1:C8", "A1:D1", "B5:B8", "A2:D5")
_FORMATS = ('"0"', '"0.00"', '"0.0%"', '"#,##0"', '"#,##0.0"', '"000"', '"0.00E+00"', '"0.0;(0.0)"', '"0;-0;""z"""')


class Writer:
    """Writes formulas at random. Each method gives an expression of one kind."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def formula(self) -> str:
        return self._one_of(self.number, self.number, self.text, self.condition)(3)

    def number(self, depth: int) -> str:
        if depth == 0:
            return self._random.choice((*_NUMBERS, *_NUMBER_CELLS))
        return self._one_of(
            lambda d: f"({self.number(d)}{self._pick('+-*/')}{self.number(d)})",
            lambda d: f"{self._pick('ABS INT SIGN SQRT EXP LN SIN COS ATAN TANH EVEN ODD N')}({self.number(d)})",
            lambda d: f"{self._pick('ROUND ROUNDUP ROUNDDOWN TRUNC')}({self.number(d)},{self._pick('-1 0 1 2 3')})",
            lambda d: f"{self._pick('MOD POWER QUOTIENT')}({self.number(d)},{self._pick('1 2 3 -2 0.5')})",
            lambda d: f"{self._pick('CEILING FLOOR MROUND')}({self.number(0)},{self._pick('1 2 0.5')})",
            lambda d: f"{self._pick('SUM MAX MIN AVERAGE COUNT COUNTA PRODUCT SUMSQ MEDIAN')}({self.range()})",
            lambda d: f"{self._pick('SUM MAX MIN AVERAGE')}({self.number(d)},{self.range()},{self.number(d)})",
            lambda d: f"{self._pick('STDEV VARP VAR STDEVP AVEDEV DEVSQ')}({self.range()})",
            lambda d: f"{self._pick('LARGE SMALL')}({self.range()},{self._pick('1 2 3')})",
            lambda d: f"PERCENTILE(D1:D8,{self._pick('0 0.25 0.3 0.5 1')})",
            lambda d: f"COUNTIF({self.range()},{self._criterion()})",
            lambda d: f"SUMIF(D1:D8,{self._criterion()},A1:A8)",
            lambda d: f"SUMPRODUCT(--(D1:D8{self._comparison()}{self.number(0)}),C1:C8)",
            lambda d: f"LEN({self.text(d)})",
            lambda d: f"{self._pick('FIND SEARCH')}({self._pick_from(_TEXTS)},{self.text(d)})",
            lambda d: f"MATCH({self._pick_from(_NUMBERS)},D1:D8,{self._pick('0 1')})",
            lambda d: f"VLOOKUP({self.number(0)},D1:E8,1,{self._pick('TRUE FALSE')})",
            lambda d: f"INDEX(A1:D8,{self._pick('1 2 8 9')},{self._pick('1 3 4')})",
            lambda d: f"IF({self.condition(d)},{self.number(d)},{self.number(d)})",
            lambda d: f"IFERROR({self.number(d)},{self.number(0)})",
            lambda d: f"VALUE(TEXT({self.number(0)},{self._pick_from(_FORMATS[:3])}))",
            lambda d: f"{self._pick('YEAR MONTH DAY WEEKDAY')}({self._pick('100 36526 40544 44000.75 59')})",
            lambda d: f"DATE({self._pick('1999 2000 2024')},{self._pick('1 2 13 0')},{self._pick('1 29 31 -5')})",
            lambda d: f"EDATE({self._pick('40574 36526')},{self._pick('1 -1 13')})",
            lambda d: f"CHOOSE({self._pick('1 2 3')},{self.number(d)},{self.number(0)})",
            lambda d: f"-{self.number(0)}",
            lambda d: f"{self.number(0)}%",
        )(depth - 1)

    def text(self, depth: int) -> str:
        if depth == 0:
            return self._random.choice((*_TEXTS, *_TEXT_CELLS))
        return self._one_of(
            lambda d: f"({self.text(d)}&{self.text(d)})",
            lambda d: f"({self.text(d)}&{self.number(0)})",
            lambda d: f"{self._pick('UPPER LOWER TRIM PROPER T')}({self.text(d)})",
            lambda d: f"{self._pick('LEFT RIGHT')}({self.text(d)},{self._pick('0 1 2 5 20')})",
            lambda d: f"MID({self.text(d)},{self._pick('1 2 6')},{self._pick('0 1 3 9')})",
            lambda d: f"REPT({self.text(d)},{self._pick('0 1 3')})",
            lambda d: f"SUBSTITUTE({self.text(d)},{self._pick_from(_TEXTS)},{self._pick_from(_TEXTS)})",
            lambda d: f"REPLACE({self.text(d)},{self._pick('1 2 4')},{self._pick('0 1 3')},{self._pick_from(_TEXTS)})",
            lambda d: f"TEXT({self.number(d)},{self._pick_from(_FORMATS)})",
            lambda d: f"FIXED({self.number(0)},{self._pick('0 1 3')})",
            lambda d: f"IF({self.condition(d)},{self.text(d)},{self.text(d)})",
            lambda d: f"IFERROR({self.text(d)},{self.text(0)})",
            lambda d: f"CHAR({self._pick('65 97 48 33')})",
            lambda d: f"CONCATENATE({self.text(d)},{self.number(0)},{self.text(0)})",
            lambda d: f"VLOOKUP({self._pick('1 3 6 99')},D1:E8,2,{self._pick('TRUE FALSE')})",
            lambda d: f"INDEX(E1:E8,{self._pick('1 4 8')})",
        )(depth - 1)

    def condition(self, depth: int) -> str:
        if depth == 0:
            return self._random.choice(("TRUE", "FALSE", "C1", "C2"))
        return self._one_of(
            lambda d: f"({self.number(d)}{self._comparison()}{self.number(d)})",
            lambda d: f"({self.text(d)}{self._comparison()}{self.text(d)})",
            lambda d: f"{self._pick('AND OR XOR')}({self.condition(d)},{self.condition(d)})",
            lambda d: f"NOT({self.condition(d)})",
            lambda d: f"{self._pick('ISNUMBER ISTEXT ISERROR ISBLANK ISLOGICAL')}({self._pick('A1 B1 B5 C1 C3')})",
            lambda d: f"{self._pick('ISNUMBER ISERROR ISTEXT ISNA')}({self.number(d)})",
            lambda d: f"EXACT({self.text(d)},{self.text(d)})",
            lambda d: f"{self._pick('ISEVEN ISODD')}({self.number(0)})",
        )(depth - 1)

    def range(self) -> str:
        return self._pick_from(_RANGES)

    def _criterion(self) -> str:
        return self._pick_from(('">2"', '"<=5"', '"<>3"', "5", '"apple"', '"a*"', '">=0"', "D4", '"<0"'))

    def _comparison(self) -> str:
        return self._pick("= <> < > <= >=")

    def _pick(self, choices: str) -> str:
        return self._random.choice(choices.split() if " " in choices else list(choices))

    def _pick_from(self, choices: tuple[str, ...]) -> str:
        return self._random.choice(choices)

    def _one_of(self, *ways: Any) -> Any:
        return self._random.choice(ways)


def formulas(count: int, seed: int) -> list[str]:
    """Different formulas, the same for the same seed."""
    writer = Writer(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[writer.formula()] = None
    return list(found)


def write_workbook(path: Path, texts: list[str]) -> None:
    """A workbook of the cells that the formulas read, and the formulas in column H."""
    book = openpyxl.Workbook()  # it writes no values for formulas: LibreOffice would believe them
    sheet = book.active
    sheet.title = SHEET
    for place, content in CELLS.items():
        sheet[place] = content
    for row, text in enumerate(texts, 1):
        sheet.cell(row, 8, f"={text}")
    book.save(path)


def by_calc(texts: list[str], folder: Path) -> list[Any]:
    """The values that LibreOffice gives: a number, a text, a boolean, or an error as its text."""
    source, out = folder / "formulas.xlsx", folder / "out"
    write_workbook(source, texts)
    profile = (folder / "profile").as_uri()
    command = [
        "soffice",
        f"-env:UserInstallation={profile}",
        "--headless",
        "--convert-to",
        "xlsx",
        "--outdir",
        str(out),
    ]
    subprocess.run([*command, str(source)], check=True, capture_output=True, timeout=600)
    sheet = openpyxl.load_workbook(out / source.name, data_only=True)[SHEET]
    return [_plain(sheet.cell(row, 8).value) for row in range(1, len(texts) + 1)]


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, (bool, str)):
        return value
    return float(f"{float(value):.15g}")


def record() -> None:
    texts = formulas(COUNT, SEED)
    with TemporaryDirectory() as folder:
        values = by_calc(texts, Path(folder))
    content = json.dumps([*zip(texts, values, strict=True)], ensure_ascii=False, separators=(",", ":")).encode()
    TABLE.write_bytes(gzip.compress(content, 9, mtime=0))


if __name__ == "__main__":
    sys.exit(record())
