"""The workbook of native formulas in IronCalc, a spreadsheet engine of another project.

python -m tests.workbook_templates.ironcalc_book

types in every held-out prompt of the demo model, and prints those whose next token is not the backend's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import workbook_templates
from tests.benchmarks.pure_formulas import predicted
from udfs.models.demo.recipe.held_out import PROMPTS
from workbook_templates import TEMPLATES
from workbook_templates.formula.ranges import parse_cell, split_sheet

COMMITTED = Path(workbook_templates.__file__).with_name(TEMPLATES["pure"])


class IronCalcBook:
    """The committed workbook, open in IronCalc. Raises ImportError if IronCalc is missing."""

    def __init__(self) -> None:
        import ironcalc

        self._model: Any = ironcalc.load_from_xlsx(str(COMMITTED))
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


def main() -> None:
    book = IronCalcBook()
    pairs = [(item.prompt, book.next_token(item.prompt), predicted(item.prompt)) for item in PROMPTS]
    different = [pair for pair in pairs if pair[1] != pair[2]]
    print(f"the same next token for {len(pairs) - len(different)} of {len(pairs)} prompts")
    for prompt, found, expected in different:
        print(f"{prompt!r}: {found!r}, the backend {expected!r}")


if __name__ == "__main__":
    main()
