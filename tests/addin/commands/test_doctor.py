"""`gpt2-excel doctor`, on machines that lack various things."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from addin import programs
from addin.commands import doctor

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uses a small random model, and does not start LibreOffice in each test."""
    monkeypatch.setenv("GPT2_EXCEL_MODEL", "tiny")
    monkeypatch.setattr(programs, "libreoffice_version", lambda program: "7.4.7.2")


def line(result: Result, what: str) -> str:
    (found,) = [line for line in result.stdout.splitlines() if line[8:].startswith(what.ljust(15))]
    return found


def test_a_machine_where_the_main_job_works(gpt2_excel: Run) -> None:
    result = gpt2_excel("doctor")
    assert result.exit_code == 0, result.output
    assert os.environ["GPT2_EXCEL_LOG"] in line(result, "log of bugs")
    assert os.environ["GPT2_EXCEL_CACHE"] in line(result, "cache folder")
    for what in ("Python", "packages", "models", "main job", "log of bugs"):
        assert line(result, what).startswith("ok ")
    assert "numpy" in line(result, "packages")
    assert "nothing to install" in line(result, "xlwings Lite")
    assert "recalculated 1_anatomy.xlsx" in line(result, "main job")


@pytest.mark.usefixtures("no_main_job")
def test_each_missing_thing_comes_with_its_fix(gpt2_excel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find_libreoffice", lambda: None)
    monkeypatch.setattr(sys, "platform", "linux")
    result = gpt2_excel("doctor")
    assert result.exit_code == 0
    assert "-> gpt2-excel download gpt2\n" in result.stdout
    assert "gpt2-excel verify" in result.stdout
    assert "-> sudo apt-get install libreoffice-calc\n" in result.stdout
    assert "not available for linux" in line(result, "Excel")


@pytest.mark.usefixtures("no_main_job")
def test_a_missing_package_is_exit_code_3(gpt2_excel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    known = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "tiktoken" else known(name))
    result = gpt2_excel("doctor")
    assert result.exit_code == 3
    assert "-m pip install tiktoken\n" in result.stdout
    assert result.stderr == "gpt2-excel: gpt2-excel run cannot work without: packages\n"


def test_a_missing_default_model_is_exit_code_3(gpt2_excel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_EXCEL_MODEL", "gpt2-xl")
    result = gpt2_excel("doctor")
    assert result.exit_code == 3
    assert "-> gpt2-excel download gpt2-xl\n" in result.stdout


def test_a_main_job_that_fails_is_one_line_and_logged(
    gpt2_excel: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = tmp_path / "bugs.log"
    monkeypatch.setenv("GPT2_EXCEL_LOG", str(log))

    def broken(*arguments: object, **options: object) -> None:
        raise ImportError("no such library")

    monkeypatch.setattr("addin.templates.build", broken)
    result = gpt2_excel("doctor")
    assert result.exit_code == 3
    assert line(result, "main job") == "missing main job       ImportError: no such library"
    logged = log.read_text(encoding="utf-8")
    assert "doctor: the check of main job failed\nTraceback" in logged
    assert logged.rstrip().endswith("ImportError: no such library")


def test_without_numpy_every_check_still_has_its_line(gpt2_excel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = [name for name in sys.modules if name.partition(".")[0] in ("udfs", "workbook_templates")]
    for name in [*loaded, "addin.templates", "addin.headless"]:
        monkeypatch.setitem(sys.modules, name, None)
    result = gpt2_excel("doctor")
    assert result.exit_code == 3
    assert line(result, "Python").startswith("ok ")
    assert line(result, "models").startswith("missing ")
    assert line(result, "main job").startswith("missing ")


@pytest.mark.usefixtures("no_main_job")
def test_a_failed_search_for_excel_does_not_stop_the_main_job(gpt2_excel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged() -> None:
        raise ValueError("Info.plist is damaged")

    monkeypatch.setattr(programs, "find_excel", damaged)
    monkeypatch.setattr(sys, "platform", "darwin")
    result = gpt2_excel("doctor")
    assert (result.exit_code, result.stderr) == (0, "")
    assert line(result, "excel") == "missing excel          ValueError: Info.plist is damaged"
    assert line(result, "main job").startswith("ok ")


@pytest.mark.usefixtures("no_main_job")
def test_a_folder_that_cannot_be_written(gpt2_excel: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = here / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("GPT2_EXCEL_MODEL", "demo")
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(blocked))
    assert line(gpt2_excel("doctor"), "models folder").startswith("missing ")
