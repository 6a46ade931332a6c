"""The spreadsheet programs that the functions can be installed into, and where each keeps how.

A host is a folder `addin/<host>` with `installation.py`, whose `install`, `uninstall` and `status` do their work step
by step and yield a line for each thing done, undone or found.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Protocol, cast

import click

HOSTS = ("desktop", "office", "calc")
_USUAL = {"win32": "desktop", "darwin": "office"}

option = click.option(
    "--host",
    type=click.Choice(HOSTS),
    help="desktop: Excel for Windows. office: Excel for Mac, Windows and the web. calc: LibreOffice. "
    "By default desktop on Windows, office on a Mac, calc elsewhere.",
)


class Installation(Protocol):
    """What a host's `installation` module offers. All raise Problem, one line, and can be run any number of times.

    Only office has an option, the port of its server."""

    def install(self, **options: int) -> Iterator[str]: ...
    def uninstall(self) -> Iterator[str]: ...
    def status(self) -> Iterator[str]: ...


def usual_host() -> str:
    """The host that is installed, and that workbooks are made for, where none is named: the system's own."""
    return _USUAL.get(sys.platform, "calc")


def installation_of(host: str) -> Installation:
    """How a host is installed. Missing where a package that it needs is not here."""
    from addin.commands.problems import Missing

    try:
        return cast(Installation, importlib.import_module(f"addin.{host}.installation"))
    except ModuleNotFoundError as error:
        raise Missing(f"--host {host} needs the package {error.name}") from None
