"""Finds Excel and LibreOffice in the folders of their installers."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from addin import programs


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


@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
def test_libreoffices_version() -> None:
    program = programs.find_libreoffice()
    assert program is not None
    version = programs.libreoffice_version(program)
    assert version is not None
    assert version[0].isdigit()


def test_a_libreoffice_that_does_not_start() -> None:
    assert programs.libreoffice_version("/no/such/program") is None
