"""Install and uninstall on each system, with fakes for its commands and its registry."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from addin.errors import AddinError
from addin.office import certificate, installation
from addin.office.manifest import ADDIN_ID
from tests.addin.fake_winreg import USER, on_windows

EXCEL = "Library/Containers/com.microsoft.Excel/Data/Documents"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setattr(Path, "home", lambda: folder)
    monkeypatch.setattr("addin.office.certificate.own_folder", lambda: folder / "data" / "office")
    return folder


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The system's commands that were run; each of them succeeds."""
    run: list[list[str]] = []
    trusted: list[bool] = []

    def fake(command: list[str]) -> bool:
        run.append(command)
        if "add-trusted-cert" in command or "-addstore" in command:
            trusted.append(True)
        if "delete-certificate" in command or "-delstore" in command:
            trusted.clear()
        return bool(trusted) if {"verify-cert", "-verifystore"} & set(command) else True

    monkeypatch.setattr(certificate, "succeeds", fake)
    return run


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def done(step: Callable[[], Iterator[str]]) -> str:
    lines = list(step())
    assert lines
    assert all(line == line.strip() and "\n" not in line for line in lines)
    return "\n".join(lines)


def test_linux_is_told_what_to_do_for_the_web(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    said = done(installation.install)
    assert "make the browser trust" in said
    assert "Upload My Add-in" in said
    assert "gpt2-excel serve" in said
    assert files(home) == [f"data/office/{name}" for name in
                           ("localhost-key.pem", "localhost.pem", "manifest.xml", "root.pem")]  # fmt: skip
    assert "there is a certificate" in done(installation.install)  # twice is fine
    assert "the browser decides whether to trust it" in done(installation.status)
    assert "removed" in done(installation.uninstall)
    assert files(home) == []
    assert not (home / "data" / "office").exists()
    assert done(installation.uninstall) == "nothing was installed"
    assert "no valid one" in done(installation.status)


def test_the_manifest_names_the_port_of_the_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    file = home / "data" / "office" / "manifest.xml"
    assert "with gpt2-excel serve, " in done(installation.install)
    assert "https://localhost:8431/taskpane.html" in file.read_text(encoding="utf-8")
    assert "with gpt2-excel serve --port 9000, " in done(lambda: installation.install(9000))
    text = file.read_text(encoding="utf-8")
    assert "https://localhost:9000/taskpane.html" in text
    assert "8431" not in text


def test_a_damaged_root_is_said_and_removed(
    home: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    done(installation.install)
    root = home / "data" / "office" / "root.pem"
    root.write_bytes(root.read_bytes()[:100])
    assert "no valid one" in done(installation.status)
    said = done(installation.uninstall)
    assert f"{root} is damaged" in said
    assert not root.exists()
    assert "delete-certificate" not in [command[1] for command in commands]


def test_a_mac_trusts_it_and_finds_it(home: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    (home / EXCEL).mkdir(parents=True)
    assert "this system now trusts it" in done(installation.install)
    assert ADDIN_ID in (home / EXCEL / "wef" / "gpt2-excel.xml").read_text(encoding="utf-8")
    assert "this system already trusts it" in done(installation.install)
    said = done(installation.status)
    assert ", trusted by this system" in said
    assert "in Excel's folder: " in said
    assert "this system no longer trusts the certificate" in done(installation.uninstall)
    assert files(home) == []
    asked = [command[1] for command in commands]
    assert (asked.count("add-trusted-cert"), asked.count("delete-certificate")) == (1, 1)
    assert all(command[0] == "security" for command in commands)


def test_a_mac_without_excel_says_so(home: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "Excel has not been started on this Mac yet" in done(installation.install)
    assert "in Excel's folder: no" in done(installation.status)


def test_another_programs_file_is_left_alone(
    home: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    other = home / EXCEL / "wef" / "gpt2-excel.xml"
    other.parent.mkdir(parents=True)
    other.write_text("<other/>", encoding="utf-8")
    for step in (installation.install, installation.uninstall):
        with pytest.raises(AddinError, match="is another program's file"):
            list(step())
        assert other.read_text(encoding="utf-8") == "<other/>"


def test_trust_that_is_refused_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(certificate, "succeeds", lambda command: False)
    assert "does not trust it yet; this command makes it: security add-trusted-cert" in done(installation.install)
    assert ", not trusted by this system" in done(installation.status)


def test_windows_trusts_it_and_finds_it(home: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    registry = on_windows(monkeypatch)
    assert "registered it with Excel" in done(installation.install)
    manifest = home / "data" / "office" / "manifest.xml"
    assert registry.values == {(USER, installation.REGISTRY_KEY, ADDIN_ID): str(manifest)}
    assert done(installation.status).splitlines()[-1] == f"in Excel's registry: {manifest}"
    assert "this system no longer trusts the certificate" in done(installation.uninstall)
    assert (registry.values, files(home)) == ({}, [])
    assert {command[0] for command in commands} == {"certutil"}
    assert done(installation.uninstall) == "nothing was installed"


@pytest.mark.parametrize(
    ("system", "trust", "ask", "distrust"),
    [
        (
            "win32",
            "certutil -user -addstore Root {root}",
            "certutil -user -verifystore Root {sha1}",
            "certutil -user -delstore Root {sha1}",
        ),
        (
            "darwin",
            "security add-trusted-cert -r trustRoot -p ssl -k {keychain} {root}",
            "security verify-cert -L -p ssl -s localhost -c {chain}",
            "security delete-certificate -t -Z {sha1} {keychain}",
        ),
    ],
)
def test_the_commands_of_each_system(
    home: Path, monkeypatch: pytest.MonkeyPatch, system: str, trust: str, ask: str, distrust: str
) -> None:
    made, _ = certificate.ensure(home / "office")
    monkeypatch.setattr(sys, "platform", system)
    asked: list[list[str]] = []
    monkeypatch.setattr(certificate, "succeeds", lambda command: bool(asked.append(command)))
    certificate.is_trusted(made)
    names = {
        "root": made.root,
        "chain": made.chain,
        "sha1": made.fingerprint,
        "keychain": home / "Library/Keychains/login.keychain-db",
    }
    found = [certificate.trust_command(made), *asked, certificate.distrust_command(made)]
    assert [" ".join(command or []) for command in found] == [text.format(**names) for text in (trust, ask, distrust)]


def test_another_system_has_no_command(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = certificate.ensure(home / "office")
    monkeypatch.setattr(sys, "platform", "linux")
    assert certificate.trust_command(made) is certificate.distrust_command(made) is certificate.is_trusted(made) is None


def test_a_question_that_nobody_answers_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "_QUESTION_SECONDS", 0.1)
    assert not certificate.succeeds([sys.executable, "-c", "import time; time.sleep(30)"])


def test_a_command_that_is_missing_has_not_done_its_work() -> None:
    assert not certificate.succeeds(["no-such-program-of-this-system"])
    assert certificate.succeeds([sys.executable, "-c", ""])
    assert not certificate.succeeds([sys.executable, "-c", "raise SystemExit(1)"])
