"""The workbook of native formulas in IronCalc, a spreadsheet engine of another project.

python -m tests.workbook_templates.ironcalc_book

types in every held-out prompt of the demo model, and prints those whose next token is not the backend's.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from addin.headless.package import Package, serialized
from tests.benchmarks.pure_formulas import predicted
from udfs.models.demo.recipe.held_out import PROMPTS
from workbook_templates import build
from workbook_templates.formula.ranges import CellRange, column_letters, column_number, parse_cell, split_sheet


class IronCalcBook:
    """A workbook, open in IronCalc. Raises ImportError if IronCalc is missing.

    IronCalc 0.9 reads no cell without an address, which ECMA-376 allows, and fills only those cells of an array formula
    that the file has. So it gets a copy with both.
    """

    def __init__(self, file: Path) -> None:
        import ironcalc

        with TemporaryDirectory() as folder:
            copy = with_all_cells(file, Path(folder) / file.name)
            self._model: Any = ironcalc.load_from_xlsx(str(copy))
        self._sheets = [sheet["name"] for sheet in self._model.get_worksheets_properties()]
        names = self._model.get_defined_name_list()
        self._names = {item["name"]: item["formula"].replace("$", "") for item in names}

    def next_token(self, prompt: str) -> str:
        """The answer to a prompt."""
        self.type(prompt)
        return str(self.named("next_token"))

    def type(self, prompt: str) -> None:
        """Types in a prompt, as a text even if it begins like a formula, and calculates everything."""
        self._model.set_user_input(*self._place("prompt"), f"'{prompt}")
        self._model.evaluate()

    def named(self, name: str) -> Any:
        """The value of a named cell."""
        return self._model.get_cell_value(*self._place(name))

    def rows(self, name: str) -> list[list[Any]]:
        """The values of a named range."""
        sheet, cells = split_sheet(self._names[name])
        found = CellRange.parse(cells)
        assert sheet is not None
        assert found is not None
        number = self._sheets.index(sheet)
        return [
            [self._model.get_cell_value(number, row, column) for column in range(found.left, found.right + 1)]
            for row in range(found.top, found.bottom + 1)
        ]

    def _place(self, name: str) -> tuple[int, int, int]:
        sheet, cell = split_sheet(self._names[name])
        place = parse_cell(cell)
        assert sheet is not None
        assert place is not None
        return self._sheets.index(sheet), *place


def with_all_cells(source: Path, copy: Path) -> Path:
    """Writes a copy of a workbook in which every cell has its address, and every array formula all its cells."""
    package = Package.open(source)
    for part in package.sheets():
        package.parts[part.path] = addressed(package.parts[part.path].decode()).encode()
        root = package.tree(part.path)
        if _fill(root, package):
            package.parts[part.path] = serialized(root)
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


def _fill(root: Any, package: Package) -> bool:
    """Adds the rows and cells of array formulas that are missing, with 0. Returns whether there are array formulas."""
    arrays = [formula.get("ref") for formula in root.iter(package.tag("f")) if formula.get("t") == "array"]
    if not arrays:
        return False
    data = root.find(package.tag("sheetData"))
    rows = {int(row.get("r") or 0): row for row in data}
    cells = {number: {cell.get("r"): cell for cell in row} for number, row in rows.items()}
    for place in filter(None, map(CellRange.parse, arrays)):
        for number in range(place.top, place.bottom + 1):
            if number not in rows:
                rows[number] = data.makeelement(package.tag("row"), {"r": str(number)})
                cells[number] = {}
            for column in range(place.left, place.right + 1):
                address = f"{column_letters(column)}{number}"
                if address not in cells[number]:
                    cell = cells[number][address] = rows[number].makeelement(package.tag("c"), {"r": address})
                    cell.append(cell.makeelement(package.tag("v"), {}))
                    cell[0].text = "0"
    for number in sorted(rows):
        data.append(rows[number])  # moves a row that is there already, as the next line does with a cell
        for address in sorted(cells[number], key=lambda address: column_number(address.rstrip("0123456789"))):
            rows[number].append(cells[number][address])
    return True


def main() -> None:
    with TemporaryDirectory() as folder:
        book = IronCalcBook(build("pure", Path(folder), model="demo"))
    pairs = [(item.prompt, book.next_token(item.prompt), predicted(item.prompt)) for item in PROMPTS]
    different = [pair for pair in pairs if pair[1] != pair[2]]
    print(f"the same next token for {len(pairs) - len(different)} of {len(pairs)} prompts")
    for prompt, found, expected in different:
        print(f"{prompt!r}: {found!r}, the backend {expected!r}")


if __name__ == "__main__":
    main()
