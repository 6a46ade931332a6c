"""`gpt2-excel install`, `uninstall` and `status`: the functions in the spreadsheet programs of this machine.

A host is a folder `addin/<host>` with an `installation.py`. Its `install`, `uninstall` and `status` work step by step
and yield a line for each step. Adding a host means adding its folder, and its name to `HOSTS`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Protocol, cast

import click

from addin.errors import AddinError, MissingError

HOSTS = ("desktop", "office", "lite", "calc")
_USUAL = {"win32": "desktop", "darwin": "office"}

_host = click.option(
    "--host",
    type=click.Choice(HOSTS),
    help="desktop: Excel for Windows. office: Excel for Mac, Windows and the web. lite: the same, with Python inside "
    "Excel (xlwings Lite). calc: LibreOffice. By default desktop on Windows, office on a Mac, calc elsewhere.",
)


class Installation(Protocol):
    """A host's module `installation`. All its functions raise AddinError and can be run any number of times.

    Only the office host has an option: the port of its server.
    """

    def install(self, **options: int) -> Iterator[str]: ...
    def uninstall(self) -> Iterator[str]: ...
    def status(self) -> Iterator[str]: ...


@click.command()
@_host
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="For office: the port of gpt2-excel serve, if you start it with another --port than the usual one.",
)
def install(host: str | None, port: int | None) -> None:
    """Install the functions into a spreadsheet program.

    Prints each step. You can run it again, for example after an update. It never overwrites another program's file,
    and gpt2-excel uninstall undoes everything.
    """
    host = host or usual_host()
    if port is not None and host != "office":
        raise AddinError(f"--port is for --host office: {host} has no server")
    for line in _installation_of(host).install(**({} if port is None else {"port": port})):
        click.echo(line)


@click.command()
@_host
def uninstall(host: str | None) -> None:
    """Undo gpt2-excel install.

    Prints what it removes. Models and workbooks stay.
    """
    for line in _installation_of(host or usual_host()).uninstall():
        click.echo(line)


@click.command()
@_host
def status(host: str | None) -> None:
    """Show what is installed in which spreadsheet program.

    Without --host, shows every program.
    """
    for name in [host] if host else HOSTS:
        for line in _installation_of(name).status() if host else status_lines(name):
            click.echo(f"{name:<9}{line}")


def usual_host() -> str:
    """The host that fits this operating system."""
    return _USUAL.get(sys.platform, "calc")


def _installation_of(host: str) -> Installation:
    """A host's module `installation`. Raises MissingError if a package that it needs is not installed."""
    try:
        return cast(Installation, importlib.import_module(f"addin.{host}.installation"))
    except ModuleNotFoundError as error:
        raise MissingError(f"--host {host} needs the package {error.name}") from None


def status_lines(host: str) -> Iterator[str]:
    """A host's status. If it fails, the reason, so that the other hosts are still shown."""
    try:
        yield from _installation_of(host).status()
    except AddinError as error:
        yield str(error)
