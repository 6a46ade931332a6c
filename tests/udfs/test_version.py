"""The version: one number for the package, the citation and the changelog, and what a workbook of another one shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import udfs
import udfs.version
from udfs.cells import FUNCTIONS
from udfs.version import VERSION

ROOT = Path(__file__).parents[2]
OF_0_2_0 = json.loads((ROOT / "tests/fixtures/functions_0.2.0.json").read_text(encoding="utf-8"))
"""The functions of version 0.2.0, and the names of their arguments: workbooks of that version call them."""


def test_the_citation_and_the_changelog_have_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", citation, re.M) == [VERSION]
    assert re.findall(r"^## (\S+)", changelog, re.M)[0] == VERSION


def test_the_package_has_no_other_place_for_it() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in project
    assert not re.search(r"^version *=", project, re.M)


def test_a_cell_shows_the_version() -> None:
    assert udfs.gpt2_version() == VERSION
    assert FUNCTIONS["GPT2_VERSION"].answer([]) == [[VERSION]]


@pytest.mark.parametrize(
    ("made_by", "note"),
    [
        (VERSION, ""),
        ("0.1.0", f"gpt2-excel 0.1.0 made this workbook, and you have {VERSION}: some functions that it calls have "),
        ("0.1.10rc1", "gpt2-excel 0.1.10rc1 made this workbook"),
        (
            "99.0.0",
            f"gpt2-excel 99.0.0 made this workbook, and you have {VERSION}, which may lack functions: ",
        ),
    ],
)
def test_a_workbook_of_another_version_is_noticed(made_by: str, note: str) -> None:
    found = udfs.gpt2_version(made_by)
    assert found.startswith(note)
    assert bool(found) == bool(note)
    assert "\n" not in found


def test_a_later_version_works_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udfs.version, "VERSION", "0.10.0")
    assert udfs.gpt2_version(VERSION) == (
        f"gpt2-excel {VERSION} made this workbook, and you have 0.10.0: it works as before. "
        "gpt2-excel new makes a new one."
    )


@pytest.mark.parametrize(("name", "arguments"), OF_0_2_0.items())
def test_a_function_that_workbooks_call_keeps_its_name_and_arguments(name: str, arguments: list[str]) -> None:
    found = [argument.name for argument in FUNCTIONS[name].arguments]
    assert found[: len(arguments)] == arguments
