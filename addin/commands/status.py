"""`gpt2-excel status`: what is installed in which spreadsheet program."""

from __future__ import annotations

from collections.abc import Iterator

import click

from addin.commands import hosts
from addin.commands.problems import Problem


@click.command()
@hosts.option
def status(host: str | None) -> None:
    """Say what is installed in which spreadsheet program.

    Without --host for each of them.
    """
    for name in [host] if host else hosts.HOSTS:
        for line in hosts.installation_of(name).status() if host else _whatever_happens(name):
            click.echo(f"{name:<9}{line}")


def _whatever_happens(host: str) -> Iterator[str]:
    """A host's status. One that cannot tell says why, and does not keep the others from telling theirs."""
    try:
        yield from hosts.installation_of(host).status()
    except Problem as problem:
        yield problem.message
