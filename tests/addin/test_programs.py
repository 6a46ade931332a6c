"""Finds Excel and LibreOffice in the folders of their installers."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from addin import programs, windows_registry
from tests.addin.fake_winreg import MACHINE, USER, on_windows

APP_PATH = r"SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\excel.exe"


def test_excel_on_a_mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "Applications/Microsoft Excel.app/Contents/Info.plist"
    info.parent.mkdir(parents=True)
    info.write_text(
        '<?xml version="1.0"?><plist version="1.0"><dict>'
        "<key>CFBundleShortVersionString</key><string>16.90</string></dict></plist>"
    )
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert programs.find_excel() == f"16.90 ({info.parents[1]})"


@pytest.mark.parametrize("root", [MACHINE, USER])
def test_excel_on_windows(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = on_windows(monkeypatch)
    assert programs.find_excel() is None
    registry.values[root, APP_PATH, ""] = r'"C:\Office16\EXCEL.EXE"'
    assert programs.find_excel() == r"C:\Office16\EXCEL.EXE"


def test_excel_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert programs.find_excel() is None


def test_libreoffice_in_the_folder_of_its_installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("ProgramFiles", str(tmp_path))
    assert programs.find_libreoffice() is None
    monkeypatch.setattr(Path, "is_file", lambda path: str(path).startswith(str(tmp_path)))
    assert programs.find_libreoffice() == rf"{tmp_path}\LibreOffice\program\soffice.com"
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(Path, "is_file", lambda path: path.parts[1] == "Applications")
    assert programs.find_libreoffice() == "/Applications/LibreOffice.app/Contents/MacOS/soffice"


def test_values_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = on_windows(monkeypatch)
    windows_registry.write("Software\\Ours", "name", "text")
    assert registry.values == {(USER, "Software\\Ours", "name"): "text"}
    assert windows_registry.read("Software\\Ours", "name") == "text"
    assert windows_registry.read("Software\\Ours", "name", of_machine=True) is None
    assert windows_registry.read("Software\\Ours", "other") is None
    windows_registry.delete("Software\\Ours", "name")
    assert registry.values == {}


@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
def test_libreoffices_version() -> None:
    program = programs.find_libreoffice()
    assert program is not None
    version = programs.libreoffice_version(program)
    assert version is not None
    assert version[0].isdigit()


def test_a_libreoffice_that_does_not_start() -> None:
    assert programs.libreoffice_version("/no/such/program") is None
