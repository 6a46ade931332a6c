"""How long LibreOffice Calc takes to recalculate all cells of the anatomy workbook after a new prompt.

python -m tests.benchmarks.calc [--tokens N] [--model small|demo]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from tests.benchmarks.checkpoints import cached
from tests.benchmarks.recalculation import PROMPTS
from tests.hosts.calc_host import calc
from workbook_templates import build
from workbook_templates.formula import dialect_of

_EDITS = 12  # rows of a block's tab above the edit cells, not counting the tokens' rows


def main() -> None:
    """Prints one line for each step, with the median if a step runs several times."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tokens", type=int, default=None, help="rows reserved for tokens")
    options.add_argument("--model", default="demo", help="demo, or the size of a random checkpoint: small")
    given = options.parse_args()
    model, rows = given.model, given.tokens or dialect_of("calc").usual_tokens
    if model != "demo":
        checkpoint = cached(model)
        os.environ["GPT2_EXCEL_MODELS"], model = str(checkpoint.parent), checkpoint.name
    with tempfile.TemporaryDirectory() as folder:
        file = build("anatomy", Path(folder), host="calc", tokens=rows, model=model)
        office = calc()
        print(f"file                    {file.stat().st_size / 1e6:6.2f} MB")
        print(f"open                    {office.open(file):6.2f} s")
        tab, cell = office.cell_named("prompt")
        edits = []
        for prompt in PROMPTS * 2:
            office.type(tab, cell, prompt)
            edits.append(office.calculate())
            (token,) = office.named("next_token")[0]
            assert not str(token).startswith("#"), token
        print(f"another prompt          {statistics.median(edits):6.2f} s   (median of {len(edits)})")
        values = []
        for value in (1.5, -2.5, 3.5, None):
            office.type("Block 5", f"D{rows + _EDITS}", value)
            values.append(office.calculate())
        print(f"a value inside Block 5  {statistics.median(values):6.2f} s   (median of {len(values)})")


if __name__ == "__main__":
    main()
