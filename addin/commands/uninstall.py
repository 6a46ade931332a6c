"""`gpt2-excel uninstall`: undoes what `gpt2-excel install` did."""

from __future__ import annotations

import click

from addin.commands import hosts


@click.command()
@hosts.option
def uninstall(host: str | None) -> None:
    """Undo what gpt2-excel install did.

    Says what it removes. Models and workbooks stay.
    """
    for line in hosts.installation_of(host or hosts.usual_host()).uninstall():
        click.echo(line)
