"""Install, status and uninstall with LibreOffice's own program, in a temporary profile."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from addin.calc import installation
from addin.errors import AddinError, MissingError
from addin.programs import find_libreoffice
from tests.hosts.calc_host import profile_environment
from udfs.version import VERSION

needs_libreoffice = pytest.mark.skipif(
    find_libreoffice() is None, reason="LibreOffice is not on this machine (apt: libreoffice-calc)"
)


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in profile_environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path


@needs_libreoffice
def test_installing_twice_and_uninstalling_once(profile: Path) -> None:
    for _ in range(2):
        assert sys.executable in "\n".join(installation.install())
    assert any(line.startswith("extension: version ") for line in installation.status())
    assert list(profile.rglob("functions.idl"))
    assert "removed" in "\n".join(installation.uninstall())
    assert list(installation.uninstall()) == ["nothing was installed"]
    assert "extension: not installed (gpt2-excel install --host calc)" in list(installation.status())
    assert not list(profile.rglob("functions.idl"))


@needs_libreoffice
def test_a_refusal_by_libreoffice_is_one_line(profile: Path) -> None:
    with pytest.raises(AddinError, match="LibreOffice's unopkg add: ERROR"):
        installation._unopkg("add", str(profile / "nothing.oxt"))


@pytest.mark.skipif(sys.platform == "win32", reason="runs a shell script")
def test_its_output_may_have_another_encoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "unopkg"
    program.write_bytes(b"#!/bin/sh\nprintf 'l\\201uft nicht\\n' >&2; exit 1\n")
    program.chmod(0o700)
    monkeypatch.setattr(installation, "_program", lambda: str(program))
    with pytest.raises(AddinError, match=r"unopkg add: l.uft nicht"):
        installation._unopkg("add")


@pytest.mark.skipif(sys.platform == "win32", reason="runs a shell script")
@pytest.mark.parametrize("crash", ["kill -SEGV $$", "exit 139"])
def test_a_program_that_crashes_is_run_once_more(crash: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, runs = tmp_path / "unopkg", tmp_path / "runs"
    program.write_text(f'#!/bin/sh\necho >> "{runs}"\n[ $(wc -l < "{runs}") -gt "$2" ] || {crash}\n')
    program.chmod(0o700)
    monkeypatch.setattr(installation, "_program", lambda: str(program))
    monkeypatch.setattr(installation, "_is_root", lambda: False)
    installation._unopkg("add", "1")  # crashes once
    assert runs.read_text().count("\n") == 2
    with pytest.raises(AddinError, match=r"unopkg add: exit code (-11|139)"):
        installation._unopkg("add", "9")
    assert runs.read_text().count("\n") == 4


@pytest.mark.skipif(sys.platform == "win32", reason="runs a shell script")
def test_a_libreoffice_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "unopkg"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o700)
    monkeypatch.setattr(installation, "_program", lambda: str(program))
    monkeypatch.setattr(installation, "_TIMEOUT", 0.1)
    with pytest.raises(AddinError, match=r"unopkg add took over 0.1 s: is LibreOffice open\?"):
        installation._unopkg("add")


def test_an_extension_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_program", lambda: "unopkg")
    monkeypatch.setattr(installation, "_installed", lambda: "0.1.0")
    line = list(installation.status())[-1]
    assert line == f"extension: of gpt2-excel 0.1.0, but {VERSION} is installed (gpt2-excel install --host calc)"


def test_without_libreoffice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "find_libreoffice", lambda: None)
    with pytest.raises(MissingError, match="LibreOffice is not on this machine"):
        list(installation.install())
