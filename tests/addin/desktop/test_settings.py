"""The settings file is readable for VBA, and a user's own settings are kept."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from addin.desktop.settings import interpreter, remove_settings, settings_file, write_settings
from addin.desktop.xlwings_vba import xlwings_project
from addin.errors import AddinError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".gpt2-excel" / "gpt2-excel.conf"


def test_the_vba_finds_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    (source,) = (module.source for module in xlwings_project().modules if module.name == "xlwings")
    (expression,) = re.findall(r'GetConfigFilePath = Environ\("USERPROFILE"\) & (.*)', source)
    (name,) = re.findall(r'PROJECT_NAME As String = "(.*)"', source)
    inside = expression.replace("PROJECT_NAME", name).replace(" & ", "").replace('"', "").replace("\\", "/")
    assert settings_file() == tmp_path / inside.lstrip("/")


def test_the_vba_can_read_the_file(file: Path) -> None:
    write_settings(file)
    assert file.read_bytes().decode().splitlines() == [
        '"WRITTEN BY","gpt2-excel"',
        f'"INTERPRETER_WIN","{sys.executable}"',
    ]
    assert interpreter(file) == sys.executable


def test_a_second_write_keeps_what_the_user_added(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_settings(file)
    file.write_text(file.read_text() + '"SHOW CONSOLE","True"\r\n')
    monkeypatch.setattr(sys, "executable", "/other/python.exe")
    write_settings(file)
    assert '"SHOW CONSOLE","True"' in file.read_text().splitlines()
    assert interpreter(file) == "/other/python.exe"


def test_it_is_removed_with_its_folder_if_that_is_empty(file: Path) -> None:
    write_settings(file)
    remove_settings(file)
    assert not file.parent.exists()
    write_settings(file)
    (file.parent / "mine.txt").write_text("mine")
    remove_settings(file)
    assert [path.name for path in file.parent.iterdir()] == ["mine.txt"]


def test_another_programs_file_stays(file: Path) -> None:
    file.parent.mkdir()
    file.write_text('"INTERPRETER_WIN","C:\\mine.exe"')
    for use in (write_settings, remove_settings, interpreter):
        with pytest.raises(AddinError, match="was not written by gpt2-excel"):
            use(file)
    assert file.read_text() == '"INTERPRETER_WIN","C:\\mine.exe"'


def test_a_python_whose_path_vba_cannot_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/日/python.exe")
    with pytest.raises(AddinError, match="characters that VBA cannot read"):
        write_settings(file)
    assert not file.exists()
