"""`gpt2-excel install`: makes the functions known to a spreadsheet program."""

from __future__ import annotations

import click

from addin.commands import hosts
from addin.commands.problems import Problem


@click.command()
@hosts.option
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="For office: where gpt2-excel serve listens, when it is given another --port than its usual one.",
)
def install(host: str | None, port: int | None) -> None:
    """Make the functions known to a spreadsheet program.

    Says what it does. It can be run again, as after an update. A file that is not its own is never written over, and
    gpt2-excel uninstall undoes everything.
    """
    host = host or hosts.usual_host()
    if port is not None and host != "office":
        raise Problem(f"--port is for --host office: there is no server for {host}")
    for line in hosts.installation_of(host).install(**({} if port is None else {"port": port})):
        click.echo(line)
