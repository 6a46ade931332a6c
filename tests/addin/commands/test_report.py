"""`gpt2-excel report`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from addin import programs
from addin.commands.hosts import HOSTS
from addin.headless import Workbook
from addin.headless.package import Package
from udfs.cells.log import log_path
from udfs.version import VERSION

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_EXCEL_MODEL", "tiny")
    monkeypatch.setattr(programs, "libreoffice_version", lambda program: "7.4.7.2")


def test_versions_hosts_and_the_end_of_the_log(gpt2_excel: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = here.parent / "bugs.log"
    monkeypatch.setenv("GPT2_EXCEL_LOG", str(log))
    log.write_text("\n".join(f"line {number}" for number in range(1000)))
    result = gpt2_excel("report")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"file    {here / 'gpt2-excel-report.txt'}\n")
    text = (here / "gpt2-excel-report.txt").read_text(encoding="utf-8")
    assert text.startswith(f"gpt2-excel {VERSION} report\n")
    assert "numpy" in text
    assert "recalculated 1_anatomy.xlsx" in text
    assert [host for host in HOSTS if f"\n{host:<9}" in text] == list(HOSTS)
    assert str(log_path()) in text
    assert "line 999\n" in text
    assert "line 800\n" in text
    assert "line 799\n" not in text


@pytest.mark.usefixtures("no_main_job")
def test_what_a_program_computed(gpt2_excel: Run, workbook: Path, here: Path) -> None:
    """A saved workbook in which one cell is an error and one number is not what we compute."""
    book = Workbook.open(workbook)
    book.recalculate()
    book.save("saved.xlsx")
    assert "cells with an error: 0\ncells that differ from what is computed here: 0\n" in text_of(gpt2_excel)
    damaged(book, "saved.xlsx")
    text = text_of(gpt2_excel)
    assert "made by        another program\n" in text
    assert "cells with an error: 1\n  Prompt!A9: #NAME?\n" in text
    assert (
        "cells that differ from what is computed here: 2\n  Prompt!C8: 'id!', computed here 'id'\n  Prompt!A9: " in text
    )
    assert "\nprompt         'Hello there'\n" in text


def text_of(gpt2_excel: Run) -> str:
    assert gpt2_excel("report", "saved.xlsx", "-o", "report.txt").exit_code == 0
    return Path("report.txt").read_text(encoding="utf-8")


def damaged(book: Workbook, path: str) -> None:
    """Saves the workbook with two other values, as a program with a fault would."""
    sheet = book._engine.sheets[0]
    shown = sheet.formulas[8, 1].shown.copy()
    shown[0, 2], shown[1, 0] = "id!", "#NAME?"
    sheet.formulas[8, 1].show(shown)
    book.save(path)


@pytest.mark.usefixtures("no_main_job")
def test_the_program_that_saved_a_workbook(gpt2_excel: Run, workbook: Path, here: Path) -> None:
    """A workbook from a stranger: an entity in its properties is not resolved."""
    Workbook.open(workbook).save("saved.xlsx")
    assert "saved by       Microsoft Excel" in text_of(gpt2_excel)
    entity = '<!DOCTYPE p [<!ENTITY e "Excel">]><Properties><Application>&e;</Application></Properties>'
    for content in (entity, "no XML"):
        package = Package.open("saved.xlsx")
        package.parts["docProps/app.xml"] = content.encode()
        package.write("saved.xlsx")
        assert "saved by       an unknown program\n" in text_of(gpt2_excel)


@pytest.mark.usefixtures("no_main_job")
def test_a_file_that_is_no_workbook(gpt2_excel: Run, here: Path) -> None:
    (here / "saved.xlsx").write_text("no workbook")
    assert "cannot be read: saved.xlsx: not an .xlsx workbook" in text_of(gpt2_excel)


def test_the_report_is_a_text_file(gpt2_excel: Run) -> None:
    result = gpt2_excel("report", "-o", "report.xlsx")
    assert result.exit_code == 1
    assert "--output must be a file name that ends in .txt" in result.stderr
