"""Workbooks in LibreOffice without our add-in.

LibreOffice takes the stored value of a plain formula from an .xlsx file, but computes every array formula when it opens
the file. Where our functions are unknown, these and all that depends on them become #NAME?. So a file for everybody
holds values, and the Start tab of a file with formulas says what is missing.
"""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from addin.programs import find_libreoffice
from tests.books import TINY, Books
from workbook_templates import FORMULAS_ONLY, TEMPLATES, build
from workbook_templates.start_tab import NO_FUNCTIONS

WITH_FUNCTIONS = [name for name in TEMPLATES if name not in FORMULAS_ONLY]
ALIVE = "alive"
_EVERY_TAB = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"


class Shown(NamedTuple):
    """A folder with a CSV file for each tab, and each workbook's answer."""

    folder: Path
    answers: dict[str, object]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, books: Books) -> Shown:
    """What LibreOffice shows with a fresh profile."""
    program = find_libreoffice()
    if program is None:
        pytest.skip("LibreOffice is not on this machine (apt: libreoffice-calc)")
    folder, answers = tmp_path_factory.mktemp("without-functions"), {}
    for name in WITH_FUNCTIONS:
        with books.calculated(name, **TINY) as book:
            book.save(folder / f"{name}.xlsx", "values")
            answers[name] = book.get("next_token")
            if name == "mri":
                book.save(folder / f"{ALIVE}.xlsx")
    build("by_hand", folder / "by_hand.xlsx")
    files = [str(folder / f"{name}.xlsx") for name in (*WITH_FUNCTIONS, "by_hand", ALIVE)]
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [program, profile, "--headless", "--convert-to", _EVERY_TAB, "--outdir", str(folder / "csv"), *files]
    subprocess.run(command, check=True, capture_output=True)
    return Shown(folder / "csv", answers)


@pytest.mark.parametrize("name", [*WITH_FUNCTIONS, "by_hand"])
def test_a_file_of_values_shows_them_everywhere(name: str, shown: Shown) -> None:
    tabs = {path.name: path.read_text(encoding="utf-8") for path in shown.folder.glob(f"{name}-*.csv")}
    assert f"{name}-Start.csv" in tabs
    if name in shown.answers:
        cells = [cell for row in csv.reader(tabs[f"{name}-Prompt.csv"].splitlines()) for cell in row]
        assert shown.answers[name] in cells
    assert [tab for tab, text in tabs.items() if "#NAME?" in text or "Err:" in text] == []


def test_a_file_with_formulas_says_that_the_functions_are_missing(shown: Shown) -> None:
    assert NO_FUNCTIONS in (shown.folder / f"{ALIVE}-Start.csv").read_text(encoding="utf-8")
