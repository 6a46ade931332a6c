"""`gpt2-excel install --host desktop` on a simulated Windows: the files that it writes and removes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import xlwings

from addin.desktop import installation
from addin.desktop.macro_workbook import made_for
from addin.errors import AddinError, MissingError
from udfs.version import VERSION


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder, with a Python in a virtual environment that has xlwings' library."""
    home = tmp_path / "user"
    python = home / "venv" / "Scripts" / "python.exe"
    python.parent.mkdir(parents=True)
    python.touch()
    (home / "venv" / f"xlwings64-{xlwings.__version__}.dll").touch()
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(installation.sys, "platform", "win32")
    monkeypatch.setattr(Path, "home", lambda: home)
    monkeypatch.setenv("APPDATA", str(home / "AppData"))
    return home


def addin(home: Path) -> Path:
    return home / "AppData" / "Microsoft" / "Excel" / "XLSTART" / "gpt2-excel.xlam"


def files(home: Path) -> set[str]:
    return {path.name for path in home.rglob("*") if path.is_file() and "venv" not in path.parts}


def test_installing_twice_and_uninstalling(home: Path) -> None:
    for _ in range(2):
        said = list(installation.install())
        assert files(home) == {"gpt2-excel.xlam", "gpt2-excel.conf"}
        assert any(str(addin(home)) in line for line in said)
        assert any(sys.executable in line for line in said)
    assert made_for(addin(home)) == xlwings.__version__
    removed = list(installation.uninstall())
    assert len(removed) == 2
    assert files(home) == set()
    assert not (home / ".gpt2-excel").exists()
    assert list(installation.uninstall()) == ["nothing was installed"]


def test_status(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all("gpt2-excel install" in line for line in installation.status())
    list(installation.install())
    assert not any("gpt2-excel install" in line for line in installation.status())
    Path(sys.executable).unlink()
    monkeypatch.setattr("xlwings.__version__", "0.99")
    of_addin, of_settings = installation.status()
    assert of_addin == f"add-in: made for xlwings {made_for(addin(home))}, but 0.99 is installed (gpt2-excel install)"
    assert "names a Python that does not exist" in of_settings


def test_an_add_in_of_another_version(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("addin.desktop.macro_workbook.VERSION", "0.1.0")
        list(installation.install())
    of_addin, _ = installation.status()
    assert of_addin == f"add-in: of gpt2-excel 0.1.0, but {VERSION} is installed (gpt2-excel install)"


def test_the_users_own_add_in_stays(home: Path) -> None:
    addin(home).parent.mkdir(parents=True)
    addin(home).write_text("mine")
    for step in (installation.install, installation.uninstall):
        with pytest.raises(AddinError, match="was not written by gpt2-excel: move it away"):
            list(step())
    assert files(home) == {"gpt2-excel.xlam"}
    assert addin(home).read_text() == "mine"
    assert f"{addin(home)} is another program's file" in next(installation.status())


def test_while_excel_holds_the_add_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list(installation.install())

    def held(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "in use")

    def held_in_place(draft: Path, place: Path) -> None:
        return held() if place == addin(home) else move(draft, place)

    move = installation.os.replace
    with monkeypatch.context() as patch:
        patch.setattr(installation.os, "replace", held_in_place)
        with pytest.raises(AddinError, match="close Excel, then run this again"):
            list(installation.install())
    assert files(home) == {"gpt2-excel.xlam", "gpt2-excel.conf"}
    monkeypatch.setattr(Path, "unlink", held)
    with pytest.raises(AddinError, match="close Excel, then run this again"):
        list(installation.uninstall())


def test_without_xlwings_library(home: Path) -> None:
    next((home / "venv").glob("*.dll")).unlink()
    with pytest.raises(MissingError, match=r"xlwings64-.*\.dll of xlwings is not beside .*python\.exe"):
        list(installation.install())
    assert files(home) == set()


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_on_another_system(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation.sys, "platform", system)
    for step in (installation.install, installation.uninstall):
        with pytest.raises(AddinError, match=f"is for Excel on Windows, not for {system}: use office or calc"):
            list(step())
    assert list(installation.status()) == [f"for Excel on Windows only; this system is {system}"]
