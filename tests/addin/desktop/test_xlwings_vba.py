"""The adapted VBA of xlwings: no workbook can choose the program to start, and cells reach only our functions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import xlwings

from addin.desktop import xlwings_vba
from addin.desktop.vba_project import VbaProject
from addin.desktop.xlwings_vba import xlwings_project
from addin.errors import MissingError


@pytest.fixture
def fresh() -> Iterator[None]:
    """Reads the VBA again, in this test and after it."""
    xlwings_project.cache_clear()
    yield
    xlwings_project.cache_clear()


def lines() -> list[str]:
    return next(module.source for module in xlwings_project().modules if module.name == "xlwings").splitlines()


def test_it_is_the_vba_of_the_installed_version() -> None:
    assert f'Public Const XLWINGS_VERSION As String = "{xlwings.__version__}"' in lines()
    assert any(f'Lib "xlwings64-{xlwings.__version__}.dll"' in line for line in lines())


def test_its_functions_are_not_worksheet_functions() -> None:
    assert lines()[:2] == ['Attribute VB_Name = "xlwings"', "Option Private Module"]


def test_it_refers_to_no_library_that_it_does_not_use() -> None:
    """A library that is missing on a machine, such as FM20.DLL of MSForms, would stop the compilation."""
    project = xlwings_project()
    assert not [module.name for module in project.modules if "MSForms" in module.source]
    assert b"FM20.DLL" not in project.information
    assert b"MSForms" not in project.information
    assert b"Microsoft Office 16.0 Object Library" in project.information
    assert VbaProject.read(project.written()).information == project.information


def test_settings_come_only_from_the_users_folder() -> None:
    (signature,) = (line for line in lines() if line.startswith("Function GetConfig("))
    assert signature.endswith('Optional source As String = "user") As Variant')
    calls = [line for line in lines() if "GetConfig(" in line and "source" in line and line != signature]
    assert calls == []


def test_python_is_started_without_a_workbooks_folder() -> None:
    (command,) = (line.strip() for line in lines() if line.strip().startswith("tail ="))
    assert "PYTHONPATH" not in command
    assert "sys.path[:]=filter(None,sys.path)" in command


@pytest.mark.usefixtures("fresh")
def test_an_unknown_version_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlwings_vba, "_CHANGES", {r"^no such line$": ""})
    with pytest.raises(
        MissingError, match=rf"xlwings {xlwings.__version__} is not supported: \^no such line\$ matches 0 t"
    ):
        xlwings_project()


@pytest.mark.usefixtures("fresh")
def test_a_missing_file_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlwings_vba, "_SOURCE", "no.xlsm")
    with pytest.raises(MissingError, match=r"has no readable VBA in no\.xlsm"):
        xlwings_project()
