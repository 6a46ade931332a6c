"""What large sheets of simple formulas take in the headless host.

python -m tests.benchmarks.slow_formulas
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import xlsxwriter

from addin.headless import Workbook

CASES: dict[str, tuple[int, Callable[[int], str]]] = {
    "SUM of a column": (2_000, lambda row: "=SUM(A:A)"),
    "COUNTIF in a column": (2_000, lambda row: f"=COUNTIF(A:A,A{row})"),
    "SUMIF in a column": (2_000, lambda row: f"=SUMIF(A:A,A{row},B:B)"),
    "VLOOKUP in whole columns": (2_000, lambda row: f"=VLOOKUP(A{row},A:B,2,FALSE)"),
    "VLOOKUP of the nearest": (2_000, lambda row: f"=VLOOKUP(A{row},A:B,2)"),
    "simple formulas": (100_000, lambda row: f"=A{row}*2+1"),
}


def write(path: Path, count: int, formula: Callable[[int], str]) -> None:
    """A sheet with numbers in columns A and B and as many formulas in column D."""
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("S")
    for row in range(count):
        sheet.write(row, 0, row)
        sheet.write(row, 1, row * 3)
        sheet.write_formula(row, 3, formula(row + 1))
    book.close()


def seconds(path: Path) -> tuple[float, float]:
    """The seconds to open the workbook, and to calculate all formulas."""
    start = perf_counter()
    book = Workbook.open(path, {})
    opened = perf_counter()
    book.recalculate()
    return opened - start, perf_counter() - opened


def main() -> None:
    print("| formulas | count | open, s | calculate, s |\n|---|---|---|---|")
    with TemporaryDirectory() as folder:
        for name, (count, formula) in CASES.items():
            path = Path(folder) / "book.xlsx"
            write(path, count, formula)
            opened, calculated = seconds(path)
            print(f"| {name} | {count:,} | {opened:.2f} | {calculated:.2f} |")


if __name__ == "__main__":
    main()
