"""How long the anatomy workbook takes for prompts of ten tokens: open, first recalculation, one edit, save.

python -m tests.benchmarks.recalculation [MODEL]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from addin.headless import Workbook
from udfs.backend import catalogue
from workbook_templates import build

PROMPTS = (
    "Mike is quick. He moves quickly to the door",
    "If today is Tuesday, then the day after is",
    "Anna is slow. She walks slowly to the door",
    "2 + 2 = 4 and 3 + 3 =",
)


def seconds(work: Callable[[], object]) -> float:
    """The wall time of one call."""
    start = perf_counter()
    work()
    return perf_counter() - start


def edit(book: Workbook, cell: str, value: str | float | None) -> None:
    """Types into a cell and recalculates."""
    book.set(cell, value)
    book.recalculate()


def main() -> None:
    """Prints one line for each step, with the median if a step runs several times."""
    model = sys.argv[1] if len(sys.argv) > 1 else catalogue.DEMO
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        built = build("anatomy", path, host="headless", model=model)
        opened: list[Workbook] = []
        print(f"open                    {seconds(lambda: opened.append(Workbook.open(built))):6.2f} s")
        book = opened[0]
        print(f"first recalculation     {seconds(book.recalculate):6.2f} s")
        prompts = [seconds(lambda prompt=prompt: edit(book, "prompt", prompt)) for prompt in PROMPTS * 2]
        print(f"another prompt          {statistics.median(prompts):6.2f} s   (median of {len(prompts)})")
        values = [seconds(lambda value=value: edit(book, "Block 5!D10", value)) for value in (1.5, -2.5, 3.5, None)]
        print(f"a value inside Block 5  {statistics.median(values):6.2f} s   (median of {len(values)})")
        print(f"save                    {seconds(lambda: book.save(path / 'saved.xlsx', formulas='plain')):6.2f} s")
        print(f"file                    {(path / 'saved.xlsx').stat().st_size / 1e6:6.2f} MB")


if __name__ == "__main__":
    main()
