"""Writes `docs/functions.md` from the functions. `python -m tests.docs.function_reference` makes it anew.

Each function has its signature, its help, its arguments, its errors and sources, and an example with the cells that it
fills. Examples that read cells of a workbook are shown without them.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter

from addin.headless import Workbook
from udfs.cells import FUNCTIONS
from udfs.cells.docstrings import documentation
from udfs.cells.registry import CellFunction
from workbook_templates.formula import dialect_of, parse
from workbook_templates.formula.tree import Name, Reference, walk

PAGE = Path(__file__).parents[2] / "docs" / "functions.md"
THEMES = ("tokens", "anatomy", "lens", "reasons", "interventions", "surgery", "features", "fact_edits", "generation")
_ROWS, _COLUMNS, _TEXT = 6, 6, 60  # of an example that the page shows

_TOP = """# The functions

Every function that a cell can call. In Python, `import udfs` has them with the same names in lower case, the same
arguments, and types. Arguments in brackets are optional; a blank one means its default. The last argument is the
[model text](model.md). A wrong argument gives one line in the cell, such as
`#GPT2! layer must be a whole number 0 to 11 for gpt2, not 12`, and every cell that depends on it shows the same line.

The examples are computed with the model `demo`, and cut to a few rows and columns.
"""


def page() -> str:
    """The whole page."""
    results = _results()
    parts = [_TOP]
    modules = dict.fromkeys(f"udfs.{theme}" for theme in THEMES)
    modules |= dict.fromkeys(function.function.__module__ for function in FUNCTIONS.values())
    for module in modules:
        functions = [function for function in FUNCTIONS.values() if function.function.__module__ == module]
        parts.append(f"## {_first_line(sys.modules[module].__doc__ or '')}\n")
        parts += ["\n".join(_section(function, results.get(function.name))) for function in functions]
    return "\n".join(parts)


def _section(function: CellFunction, result: list[list[object]] | None) -> Iterator[str]:
    signature = ", ".join(
        f"[{argument.name}]" if argument.optional else argument.name for argument in function.arguments
    )
    yield f"### {function.name}"
    yield ""
    yield f"`{function.name}({signature})`"
    yield ""
    yield function.help
    yield ""
    documented = documentation(function.function, [argument.name for argument in function.arguments])
    for paragraph in documented.paragraphs:
        yield from (_escaped(paragraph.replace("\n", " ")), "")
    if function.arguments:
        yield "| argument | |"
        yield "|---|---|"
        yield from (f"| `{argument.name}` | {_escaped(argument.help)} |" for argument in function.arguments)
        yield ""
    for label, title in (("Raises", "Errors"), ("Source", "Source")):
        if text := documented.entries.get(label):
            yield from (f"{title}: {_escaped(text.replace('CellError if', 'if'))}", "")
    yield from ("```", function.example, "```", "")
    if result:
        yield from _table(result)
        yield ""


def _table(rows: list[list[object]]) -> Iterator[str]:
    """The first rows and columns of a result, the first row as the header."""
    width = min(_COLUMNS, len(rows[0]))
    more_columns, more_rows = len(rows[0]) > width, len(rows) > _ROWS
    shown = [[*map(_cell, row[:width]), *(["…"] if more_columns else [])] for row in rows[:_ROWS]]
    if more_rows:
        shown.append(["…"] * len(shown[0]))
    has_header = isinstance(rows[0][0], str) and len(rows) > 1
    header, *others = shown if has_header else ([""] * len(shown[0]), *shown)
    header = [title.strip("`") for title in header]
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    yield from (f"| {' | '.join(row)} |" for row in others)


def _cell(value: object) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.3g}"
    text = str(value).replace("\n", "\\n")
    text = text if len(text) <= _TEXT else text[:_TEXT] + "…"
    if "|" in text:  # would end the table's cell
        return f"<code>{html.escape(text).replace('|', '&#124;')}</code>"
    return f"`{text}`"


def _escaped(text: str) -> str:
    return re.sub(r"([<|*])", r"\\\1", text)


def _first_line(text: str) -> str:
    return text.splitlines()[0].partition(":")[0].rstrip(".")


def _results() -> dict[str, list[list[object]]]:
    """What the examples that read no cells fill, by function."""
    alone = {name: function.example for name, function in FUNCTIONS.items() if _reads_no_cells(function.example)}
    dialect = dialect_of("headless")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "examples.xlsx"
        with xlsxwriter.Workbook(path) as book:
            for name, example in alone.items():
                book.add_worksheet(name).write_dynamic_array_formula("A1:A1", "=" + dialect.formula(example[1:]))
        workbook = Workbook.open(path)
        workbook.recalculate()
        return {name: [list(row) for row in workbook.used_values(name)] for name in alone}


def _reads_no_cells(example: str) -> bool:
    return not any(isinstance(node, (Reference, Name)) for node in walk(parse(example[1:])))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
