"""`gpt2-excel install`, `uninstall` and `status`: which host they call, and what they print."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import Result

from addin.commands.hosts import HOSTS
from addin.errors import AddinError

Run = Callable[..., Result]


class FakeInstallation(ModuleType):
    """A host that records its calls."""

    def __init__(self, host: str) -> None:
        super().__init__(f"addin.{host}.installation")
        self.host, self.done, self.options = host, 0, dict[str, int]()

    def install(self, **options: int) -> Iterator[str]:
        self.done += 1
        self.options = options
        yield f"wrote something for {self.host}"
        yield "open it"

    def uninstall(self) -> Iterator[str]:
        self.done -= 1
        yield f"removed something of {self.host}"

    def status(self) -> Iterator[str]:
        if self.host == "office":
            raise AddinError("no such program")
        yield f"installed {self.done} times"


@pytest.fixture
def installations(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeInstallation]:
    made = {host: FakeInstallation(host) for host in HOSTS}
    for host, installation in made.items():
        monkeypatch.setitem(sys.modules, f"addin.{host}", ModuleType(f"addin.{host}"))
        monkeypatch.setitem(sys.modules, f"addin.{host}.installation", installation)
    return made


@pytest.mark.parametrize(("system", "host"), [("win32", "desktop"), ("darwin", "office"), ("linux", "calc")])
def test_each_system_has_a_usual_host(
    gpt2_excel: Run, installations: dict[str, FakeInstallation], system: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("addin.commands.hosts.sys.platform", system)
        result = gpt2_excel("install")
    assert result.stdout == f"wrote something for {host}\nopen it\n"
    assert [name for name, installation in installations.items() if installation.done] == [host]


def test_only_office_takes_a_port(gpt2_excel: Run, installations: dict[str, FakeInstallation]) -> None:
    assert gpt2_excel("install", "--host", "office", "--port", 9000).exit_code == 0
    assert installations["office"].options == {"port": 9000}
    refused = gpt2_excel("install", "--host", "calc", "--port", 9000)
    assert (refused.exit_code, installations["calc"].done) == (1, 0)
    assert refused.stderr == "gpt2-excel: --port is for --host office: calc has no server\n"


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_can_be_named(gpt2_excel: Run, installations: dict[str, FakeInstallation], host: str) -> None:
    assert gpt2_excel("install", "--host", host).exit_code == 0
    assert installations[host].done == 1
    assert gpt2_excel("uninstall", "--host", host).stdout == f"removed something of {host}\n"
    assert installations[host].done == 0


def test_status_shows_all_hosts_or_one(gpt2_excel: Run, installations: dict[str, FakeInstallation]) -> None:
    installations["desktop"].done = 2
    assert gpt2_excel("status").stdout.splitlines() == [
        "desktop  installed 2 times",
        "office   no such program",
        "lite     installed 0 times",
        "calc     installed 0 times",
    ]
    assert gpt2_excel("status", "--host", "calc").stdout == "calc     installed 0 times\n"
    refused = gpt2_excel("status", "--host", "office")
    assert (refused.exit_code, refused.stderr) == (1, "gpt2-excel: no such program\n")


def test_a_missing_package_is_named(gpt2_excel: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "installation.py").write_text("import no_such_package")
    package = ModuleType("addin.office")
    package.__path__ = [str(tmp_path)]
    monkeypatch.setitem(sys.modules, "addin.office", package)
    monkeypatch.delitem(sys.modules, "addin.office.installation", raising=False)
    result = gpt2_excel("install", "--host", "office")
    assert (result.exit_code, result.stderr) == (3, "gpt2-excel: --host office needs the package no_such_package\n")
