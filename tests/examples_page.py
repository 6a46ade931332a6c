"""Writes `examples/README.md`: every example with what it prints. `python -m tests.examples_page` makes it anew."""

from __future__ import annotations

import ast
import io
import os
import runpy
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path(__file__).parents[1] / "examples"
PAGE = FOLDER / "README.md"
_SHARED = "sheet.py"
_WIDEST = 110  # characters of a printed line that the page keeps
_LONGEST = 30  # lines of an output that the page keeps

_TOP = """# Examples

One idea in each file. `python examples/next_token.py` writes `next_token.xlsx`, a workbook of one tab for Excel with
the Office add-in, calculates it without Excel, and prints what its formulas spill. [sheet.py](sheet.py) writes and
prints. Every example is below with its output. The model is `demo`.
"""


def examples() -> list[Path]:
    return sorted(path for path in FOLDER.glob("*.py") if path.name != _SHARED)


def printed(example: Path, folder: Path) -> str:
    """What an example prints. It writes its workbook into the folder."""
    before = Path.cwd(), sys.argv, sys.path
    os.chdir(folder)
    sys.argv, sys.path = [str(example)], [str(FOLDER), *sys.path]
    try:
        with redirect_stdout(io.StringIO()) as output:
            runpy.run_path(str(example), run_name="__main__")
    finally:
        os.chdir(before[0])
        sys.argv, sys.path = before[1:]
    return output.getvalue()


def section(example: Path, output: str) -> str:
    """The part of the page about one example."""
    return "\n".join(
        [f"## [{example.name}]({example.name})", "", _docstring(example), "", "```", *_cut(output), "```", ""]
    )


def _docstring(example: Path) -> str:
    return ast.get_docstring(ast.parse(example.read_text(encoding="utf-8"))) or ""


def _cut(output: str) -> Iterator[str]:
    lines = output.splitlines()
    if len(lines) > _LONGEST:
        lines = [*lines[: _LONGEST - 5], "…", *lines[-4:]]
    for line in lines:
        yield line if len(line) <= _WIDEST else f"{line[:_WIDEST].rpartition(' ')[0].rstrip()} …"


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        sections = [section(example, printed(example, Path(folder))) for example in examples()]
    PAGE.write_text("\n".join([_TOP, *sections]), encoding="utf-8")
