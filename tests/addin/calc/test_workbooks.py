"""Calc and the headless host recalculate every template to the same cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from openpyxl.utils import get_column_letter

import udfs
from addin.cli import main
from addin.headless import Workbook
from tests.hosts.calc_host import Calc
from tests.same_cells import TOLERANCE, is_same
from workbook_templates import FORMULAS_ONLY, TEMPLATES, build

Value = str | float | None

PROMPT, OTHER_PROMPT = "If today is Tuesday, tomorrow is", "If today is Friday, tomorrow is"  # fills all reserved rows
SHORT_PROMPT = "Mike is quick. He"
ROOM = 7


@dataclass(frozen=True)
class Edit:
    """A value typed near a label: the tab, the label, and the rows and columns between the label and the cell."""

    tab: str
    label: str
    rows: int
    columns: int
    value: Value


# The patterns of layer 0: the tab, and the first row and column, counted from 0.
SQUARES = {"mri": ("All heads", 6, 1)}

# The model `tiny` is enough for these: all blocks of a model have the same formulas.
TINY = ("anatomy", "check")

STREAM = Edit("Block 1", "your edits", 2, 3, 3.5)
EDITS = {
    "anatomy": (
        [STREAM],
        [Edit("Block 2", "coefficient", 0, 1, 4.0), Edit("Block 2", "steer", 0, 4, 1.5)],
        [Edit("Weights", "what", 1, 0, "scale"), Edit("Weights", "where", 1, 0, "h.0.mlp")],
        [Edit("Weights", "amount", 1, 0, 0.0), Edit("Head", "temperature", 0, 1, 0.5)],
    ),
    "mri": (
        [Edit("Attention", "head", 0, 1, 2.0), Edit("Track a token", "token", 0, 1, " Friday")],
        [Edit("Circuit", "MLP", 1, 0, None)],
        [Edit("Patching", "clean", 0, 1, "Mary and John sat. John"), Edit("Patching", "answer", 0, 1, " Mary")],
        [Edit("Patching", "corrupted", 0, 1, "Mary and John sat. Mary"), Edit("Attribution", "against", 0, 1, " a")],
    ),
    "surgery": (
        [Edit("SAE feature", "coefficient", 0, 2, 0.0), Edit("Ablation", "what", 1, 0, "mean")],
        [Edit("Coefficient sweep", "operation", 0, 1, "PCA"), Edit("Weight edits", "new", 1, 0, -2.0)],
    ),
}


class Pair:
    """One workbook in Calc and in the headless host."""

    def __init__(self, calc: Calc, headless: Workbook) -> None:
        self.calc, self.headless, self.tabs = calc, headless, calc.tabs()

    def type(self, tab: str, cell: str, value: Value) -> None:
        self.calc.type(tab, cell, value)
        self.headless.set(f"'{tab}'!{cell}", value)

    def edit(self, edit: Edit) -> None:
        rows = self.headless.get_range(f"'{edit.tab}'!A1:Z200")
        row, column = next((i, j) for i, row in enumerate(rows) for j, cell in enumerate(row) if cell == edit.label)
        self.type(edit.tab, f"{get_column_letter(column + edit.columns + 1)}{row + edit.rows + 1}", edit.value)

    def type_prompt(self, prompt: str) -> None:
        self.type(*self.calc.cell_named("prompt"), prompt)

    def differences(self, *, besides_squares: bool = False) -> list[str]:
        """The cells that differ after both have recalculated."""
        self.calc.calculate()
        self.headless.recalculate()
        tabs = [tab for tab in self.tabs if not (besides_squares and tab == "All heads")]
        return [line for tab in tabs for line in self._in_tab(tab)]

    def _in_tab(self, tab: str) -> Iterator[str]:
        rows = self.calc.values(tab)
        last = f"{get_column_letter(len(rows[0]))}{len(rows)}"
        expected = self.headless.get_range(f"'{tab}'!A1:{last}")
        for number, (row, expected_row) in enumerate(zip(rows, expected, strict=True), start=1):
            if row == ["" if wanted is None else wanted for wanted in expected_row]:
                continue  # the case of nearly all the millions of cells
            if row[0] == "" and tab.startswith(("Block", "Native", "Head")) and is_unused(expected_row):
                continue  # what LibreOffice has in rows without a token means nothing, and a format hides it
            for column, (value, wanted) in enumerate(zip(row, expected_row, strict=True), start=1):
                # In columns that no token uses LibreOffice has zeros, and the scores of masked tokens. In every step it
                # has nothing if there is a message, which is then beside the tab's title.
                unused = value in (0, "", -1e30) and (wanted is None or str(wanted).startswith("#GPT2! "))
                if value != wanted and not unused and not is_same(value, wanted):
                    yield f"{tab}!{get_column_letter(column)}{number}: {value!r}, not {wanted!r}"


def is_unused(row: Sequence[Value]) -> bool:
    """Whether a row is blank, except for a message."""
    return all(value in (None, "") or str(value).startswith("#GPT2! ") for value in row)


# test_pure_in_calc.py and test_by_hand.py have the others.
@pytest.fixture(scope="module", params=[name for name in TEMPLATES if name not in FORMULAS_ONLY])
def template(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pair(template: str, calc: Calc, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """A template, opened by both."""
    folder, model = tmp_path_factory.mktemp(template), "tiny" if template in TINY else "demo"
    files = [
        build(template, folder / f"{host}.xlsx", host=host, tokens=ROOM, prompt=PROMPT, model=model)
        for host in ("calc", "headless")
    ]
    calc.open(files[0])
    return Pair(calc, Workbook.open(files[1]))


def test_all_cells_are_the_same_after_each_edit(template: str, pair: Pair) -> None:
    assert pair.differences()[:20] == []
    for edits in EDITS.get(template, ()):
        for edit in edits:
            pair.edit(edit)
        assert pair.differences()[:20] == [], edits


def test_all_cells_are_the_same_after_another_prompt(template: str, pair: Pair) -> None:
    pair.type_prompt(OTHER_PROMPT)
    assert pair.differences()[:20] == []
    pair.type_prompt(SHORT_PROMPT)
    assert pair.differences(besides_squares=True)[:20] == []
    if template in SQUARES:
        assert_squares(pair, *SQUARES[template])


def assert_squares(pair: Pair, tab: str, first_row: int, first_column: int) -> None:
    """The patterns of all heads: for a short prompt Excel moves them together, but Calc keeps each in its place."""
    rows = pair.calc.values(tab)
    model = str(pair.headless.get("model"))
    for head in range(12):
        column = first_column + head * (ROOM + 1)
        square = [row[column : column + ROOM] for row in rows[first_row : first_row + ROOM]]
        pattern = udfs.gpt2_residual(SHORT_PROMPT, f"h.0.attn.head.{head}.pattern", model)
        n = len(pattern)
        np.testing.assert_allclose([row[:n] for row in square[:n]], pattern, atol=TOLERANCE)
        assert {cell for row in square for cell in row[n:]} | {cell for row in square[n:] for cell in row} == {""}


def test_a_file_that_run_wrote_lives(calc: Calc, tmp_path: Path) -> None:
    """Formulas without values: LibreOffice computes them when it opens the file, and again for another prompt."""
    file = tmp_path / "run.xlsx"
    options = ("--for", "calc", "--model", "tiny", "--tokens", "7", "--prompt", PROMPT, "-o", str(file))
    result = CliRunner().invoke(main, ["run", "check", *options])
    assert result.exit_code == 0, result.output
    calc.open(file)
    for prompt in (PROMPT, OTHER_PROMPT):
        calc.set(*calc.cell_named("prompt"), prompt)
        assert calc.named("next_token") == [[udfs.gpt2_predict(prompt, 1, None, "tiny")[1][1]]]
        assert calc.named("status") == [["ready"]]
