"""Which version made a workbook, and what `run`, `report` and the tab Start show about a workbook of an older one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import CliRunner

import udfs.version
from addin.cli import main
from addin.commands import doctor, report
from addin.headless import Workbook
from addin.headless.package import Package
from addin.made_by import note_about, version_of
from tests.addin.command_files import Built, Files
from tests.caches import forget_results
from udfs.version import VERSION
from workbook_templates import TEMPLATES

NEWER = "0.10.0"
NOTE = (
    f"gpt2-excel {VERSION} made this workbook, and you have {NEWER}: it works as before. "
    "gpt2-excel new makes a new one."
)


@pytest.fixture(scope="module")
def workbook(files: Files) -> Path:
    return files("new check --host office")


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The program is of a later version."""
    forget_results()
    monkeypatch.setattr(udfs.version, "VERSION", NEWER)
    yield
    forget_results()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs the command line in an empty folder. Returns what it prints."""
    monkeypatch.chdir(tmp_path)

    def running(*arguments: str) -> str:
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        return result.output

    return running


def start_texts(file: Path) -> list[str]:
    rows = Workbook.open(file, functions={}).used_values("Start")
    return [value for row in rows for value in row if isinstance(value, str)]


def test_the_version_is_shown(run: Callable[..., str]) -> None:
    assert run("--version") == f"gpt2-excel {VERSION}\n"
    assert doctor._gpt2_excel().detail.startswith(f"{VERSION} (")


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_workbook_carries_the_version(template: str, built: Built) -> None:
    file = built(template, "office")
    assert version_of(file) == VERSION
    assert note_about(file) == ""
    assert f"Made by gpt2-excel {VERSION}" in start_texts(file)


def test_an_older_workbook_says_so_and_still_works(newer: None, workbook: Path, run: Callable[..., str]) -> None:
    assert f"note    {NOTE}\n" in run("run", str(workbook), "-o", "again.xlsx")
    again = Workbook.open("again.xlsx", functions={})
    assert again.errors() == {}
    assert again.get("next_token")
    assert [text for text in start_texts(Path("again.xlsx")) if "made this workbook" in text] == [NOTE]
    assert f"made by        {VERSION}" in report._workbook_lines(Path("again.xlsx"))


def test_a_workbook_of_this_version_says_nothing(workbook: Path, run: Callable[..., str]) -> None:
    assert "made this workbook" not in run("run", str(workbook), "-o", "new.xlsx")
    assert not [text for text in start_texts(Path("new.xlsx")) if "made this workbook" in text]


def test_a_workbook_from_before_versions_is_known_by_its_title(workbook: Path, tmp_path: Path) -> None:
    package = Package.open(workbook)
    del package.parts["docProps/custom.xml"]
    package.write(tmp_path / "first.xlsx")
    assert version_of(tmp_path / "first.xlsx") == "0.1.0"
    assert "some functions that it calls have changed" in note_about(tmp_path / "first.xlsx")


def test_a_workbook_of_another_program_has_no_version(tmp_path: Path, run: Callable[..., str]) -> None:
    with xlsxwriter.Workbook(tmp_path / "mine.xlsx") as book:
        book.set_custom_property("gpt2-excel", "mine")
        book.add_worksheet().write_formula("A1", "=1+1")
    assert note_about(tmp_path / "mine.xlsx") == ""
    assert "note" not in run("run", "mine.xlsx")
    (tmp_path / "text.xlsx").write_text("no workbook")
    assert version_of(tmp_path / "text.xlsx") is None
