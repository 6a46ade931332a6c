"""`gpt2-excel serve`: the server that Excel's Office add-in calls."""

from __future__ import annotations

from pathlib import Path

import click

from addin.office.settings import PORT


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=PORT,
    show_default=True,
    help="Where to listen. Another one is also for gpt2-excel install --host office, which tells Excel.",
)
@click.option(
    "--address", default="127.0.0.1", show_default=True, help="Another one than this machine's own needs --token."
)
@click.option(
    "--token", envvar="GPT2_EXCEL_TOKEN", metavar="TEXT", help="What every caller must know; also GPT2_EXCEL_TOKEN."
)
@click.option("--url", metavar="URL", help="How Excel reaches the server, where that is not https://localhost:PORT.")
@click.option("--certificate", type=click.Path(path_type=Path), metavar="FILE", help="A certificate chain of your own.")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help="Its private key.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that share the weights."
)
@click.option(
    "--seconds", type=click.FloatRange(1, 86400), default=300, show_default=True, help="How long one call may take."
)
def serve(
    port: int,
    address: str,
    token: str | None,
    url: str | None,
    certificate: Path | None,
    key: Path | None,
    workers: int,
    seconds: float,
) -> None:
    """Answer Excel for Mac, on the web and on Windows, over HTTPS, until Ctrl-C.

    Only this machine is answered, unless --address says otherwise. gpt2-excel install --host office makes Excel find
    the server.
    """
    from addin.office.server import certificate_files, check_address, check_port, check_url, start
    from addin.office.settings import Settings

    check_address(address, token)
    check_port(address, port)
    settings = Settings(check_url(url) if url else f"https://localhost:{port}", port, token or "", seconds)
    chain, private_key, is_new = certificate_files(certificate, key)
    click.echo(f"server    {settings.url}, on {address}:{port}, stopped with Ctrl-C")
    click.echo(f"manifest  {settings.url}/manifest.xml{'?token=...' if token else ''}")
    if is_new:
        click.echo("made a certificate; gpt2-excel install --host office has it trusted")
    start(settings, address, workers, chain, private_key)
