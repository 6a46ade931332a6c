"""The workbook of native formulas in IronCalc, a spreadsheet engine of another project.

python -m tests.workbook_templates.ironcalc_book

types in every held-out prompt of the demo model, and prints those whose next token is not the backend's.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import workbook_templates
from addin.headless.package import Package
from tests.benchmarks.pure_formulas import predicted
from udfs.models.demo.recipe.held_out import PROMPTS
from workbook_templates import TEMPLATES
from workbook_templates.formula.ranges import column_letters, column_number, parse_cell, split_sheet

COMMITTED = Path(workbook_templates.__file__).with_name(TEMPLATES["pure"])


class IronCalcBook:
    """The committed workbook, open in IronCalc. Raises ImportError if IronCalc is missing.

    IronCalc 0.9 reads no cell without an address, which ECMA-376 allows, so it gets a copy in which all have one.
    """

    def __init__(self) -> None:
        import ironcalc

        with TemporaryDirectory() as folder:
            copy = with_addresses(COMMITTED, Path(folder) / COMMITTED.name)
            self._model: Any = ironcalc.load_from_xlsx(str(copy))
        self._sheets = [sheet["name"] for sheet in self._model.get_worksheets_properties()]

    def next_token(self, prompt: str) -> str:
        self._model.set_user_input(*self._place("prompt"), prompt)
        self._model.evaluate()
        found: str = self._model.get_cell_value(*self._place("next_token"))
        return found

    def _place(self, name: str) -> tuple[int, int, int]:
        names = {item["name"]: item["formula"] for item in self._model.get_defined_name_list()}
        sheet, cell = split_sheet(names[name].replace("$", ""))
        place = parse_cell(cell)
        assert sheet is not None
        assert place is not None
        return self._sheets.index(sheet), *place


def with_addresses(source: Path, copy: Path) -> Path:
    """Writes a copy of a workbook in which every cell has its address."""
    package = Package.open(source)
    for part in package.sheets():
        package.parts[part.path] = addressed(package.parts[part.path].decode()).encode()
    package.write(copy)
    return copy


def addressed(sheet: str) -> str:
    """The XML of a sheet with an address in every cell. One without follows the cell before it in the same row.

    A pattern finds the cells, because a tree of two million of them takes five times as long.
    """
    row, column = "", 0

    def cell(match: re.Match[str]) -> str:
        nonlocal row, column
        column, row = (column_number(match[1]), match[2]) if match[1] else (column + 1, row)
        return f'<c r="{column_letters(column)}{row}"'

    return re.sub(r'<c(?: r="([A-Z]+)(\d+)")?(?=[ >/])', cell, sheet)


def main() -> None:
    book = IronCalcBook()
    pairs = [(item.prompt, book.next_token(item.prompt), predicted(item.prompt)) for item in PROMPTS]
    different = [pair for pair in pairs if pair[1] != pair[2]]
    print(f"the same next token for {len(pairs) - len(different)} of {len(pairs)} prompts")
    for prompt, found, expected in different:
        print(f"{prompt!r}: {found!r}, the backend {expected!r}")


if __name__ == "__main__":
    main()
