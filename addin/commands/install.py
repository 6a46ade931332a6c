"""`gpt2-excel install`: makes the functions known to a spreadsheet program."""

from __future__ import annotations

import click

from addin.commands import hosts


@click.command()
@hosts.option
def install(host: str | None) -> None:
    """Make the functions known to a spreadsheet program.

    Says what it does. It can be run again, as after an update. A file that is not its own is never written over, and
    gpt2-excel uninstall undoes everything.
    """
    for line in hosts.installation_of(host or hosts.usual_host()).install():
        click.echo(line)
