"""What pip installs with this package, in Pyodide and on other systems, according to the packages' own metadata."""

from __future__ import annotations

from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from addin import NAME
from tests.hosts.lite_limits import PACKAGES

DESKTOPS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "win32": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
    "darwin": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
}
PYODIDE = {"sys_platform": "emscripten", "platform_system": "Emscripten", "os_name": "posix", "python_version": "3.14"}


def asked_for(package: str, environment: dict[str, str]) -> set[str]:
    """The packages that a package asks for on a system, without its extras."""
    requirements = map(Requirement, metadata.requires(package) or [])
    wanted = [r for r in requirements if not r.marker or r.marker.evaluate({"extra": "", **environment})]
    return {canonicalize_name(requirement.name) for requirement in wanted}


def resolved(environment: dict[str, str]) -> set[str]:
    """All packages that are installed with this one. What is not on this machine, such as pywin32, asks for nothing."""
    found: set[str] = set()
    waiting = asked_for(NAME, environment)
    while waiting:
        package = waiting.pop()
        found.add(package)
        try:
            waiting |= asked_for(package, environment) - found
        except metadata.PackageNotFoundError:
            continue
    return found


def test_pyodide_needs_these_packages_only() -> None:
    assert asked_for(NAME, PYODIDE) == PACKAGES
    of_requests = {"certifi", "charset-normalizer", "idna", "urllib3"}
    assert resolved(PYODIDE) == PACKAGES | {"regex", "requests"} | of_requests


@pytest.mark.parametrize("system", DESKTOPS)
def test_other_systems_need_the_command_line_and_the_hosts_too(system: str) -> None:
    names = {
        canonicalize_name(Requirement(line).name) for line in metadata.requires(NAME) or [] if "extra ==" not in line
    }
    assert asked_for(NAME, DESKTOPS[system]) == names
    assert {"click", "huggingface-hub", "lxml", "starlette", "uvicorn", "xlsxwriter"} <= names
    assert ("pywin32" in resolved(DESKTOPS[system])) == (system == "win32")
