"""What `gpt2-excel run --set` tells about its edits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import Result

import udfs

Run = Callable[..., Result]


@pytest.fixture
def sums(here: Path) -> Path:
    """A workbook without our functions: an input, its double, a quotient on another tab, an input with a default."""
    path = here.parent / "sums.xlsx"
    with xlsxwriter.Workbook(path) as made:
        first, second = made.add_worksheet("First"), made.add_worksheet("The second")
        first.write("A1", 2)
        first.write_formula("A2", "=A1*2")
        first.write_formula("A3", "=1/B1")
        first.write("B1", 1)
        first.write_formula("B2", "=A1+1", made.add_format({"locked": False}))
        first.write_formula("B3", "=B2&A1")
        second.write_formula("A1", "=10/First!A1")
        made.define_name("start", "=First!$A$1")
    return path


def test_it_tells_what_changed(gpt2_excel: Run, sums: Path) -> None:
    result = gpt2_excel("run", sums, "--set", "start=5")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1:-1] == [
        "set     First!A1: 2 -> 5",
        "so      First!A2: 4 -> 10",
        "so      First!B2: 3 -> 6",
        'so      First!B3: "32" -> "65"',
        "changed 5 cells on 2 tabs",
    ]
    assert result.stderr == ""


def test_it_tells_the_answer_before_and_after(gpt2_excel: Run, workbook: Path) -> None:
    options = ("run", workbook, "--set", "prompt=One two three")
    (before, after) = (udfs.gpt2_predict(text, 1, 1, "tiny")[1] for text in ("Hello there", "One two three"))
    shown = (f'"{row[1]}" {row[4]:.1%}' for row in (before, after))
    assert f"answer  {' -> '.join(shown)}" in gpt2_excel(*options).stdout.splitlines()
    edits = json.loads(gpt2_excel(*options, "--json").stdout)["edits"]
    assert edits["typed"] == [{"cell": "Prompt!B3", "before": "Hello there", "after": "One two three"}]
    assert edits["answer"]["id"] == before[2]
    assert edits["tabs"]["Prompt"] > 10


@pytest.mark.parametrize(
    ("edit", "note"),
    [
        ("First!C9=1", "note    First!C9 is not an input: no formula reads it\n"),
        ("First!A2=1", "note    First!A2 is not an input: what you typed replaces its formula\n"),
        ("First!B2=1", ""),
        ("First!A1=1", ""),
        ("start=0", "note    'The second'!A1: #DIV/0!\n"),
    ],
)
def test_it_warns_about_cells_that_are_no_inputs_and_errors_elsewhere(
    gpt2_excel: Run, sums: Path, edit: str, note: str
) -> None:
    result = gpt2_excel("run", sums, "--set", edit)
    assert (result.exit_code, result.stderr) == (0, note)


def test_a_new_error_on_an_edited_tab_is_exit_code_1_and_no_file(gpt2_excel: Run, sums: Path, here: Path) -> None:
    result = gpt2_excel("run", sums, "--set", "First!B1=0")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "gpt2-excel: First!A3: #DIV/0!\n")
    assert list(here.iterdir()) == []


def test_an_error_that_was_there_before_is_not_new(gpt2_excel: Run, sums: Path) -> None:
    assert gpt2_excel("run", sums, "--set", "First!A1=0", "-o", "zero.xlsx").exit_code == 0
    result = gpt2_excel("run", "zero.xlsx", "--set", "The second!B9=1", "--set", "First!B3=x")
    assert result.exit_code == 0, result.output


def test_a_model_that_is_not_here_is_exit_code_3(gpt2_excel: Run, workbook: Path) -> None:
    result = gpt2_excel("run", workbook, "--set", "model_name=gtp2")
    assert result.exit_code == 3
    assert result.stderr.endswith("not 'gtp2'; did you mean gpt2?\n")


def test_a_surgery_with_a_feature_that_is_not_there(gpt2_excel: Run, here: Path) -> None:
    result = gpt2_excel("run", "surgery", "--for", "office", "--set", "SAE feature!C9=99999")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("gpt2-excel: 'SAE feature'!C")
    assert "feature must be 0 to 2047, not 99999" in result.stderr
    assert list(here.iterdir()) == []
