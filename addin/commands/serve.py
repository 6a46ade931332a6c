"""`gpt2-excel serve`: the server that Excel's Office add-in calls."""

from __future__ import annotations

from pathlib import Path

import click

from addin.office.settings import MAX_BATCH, PORT


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=PORT,
    show_default=True,
    help="The port to listen on. Give another port to gpt2-excel install --host office, too, which tells Excel.",
)
@click.option(
    "--address",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. Any address but this machine's own needs --token.",
)
@click.option(
    "--token",
    "tokens",
    envvar="GPT2_EXCEL_TOKEN",
    multiple=True,
    metavar="TEXT",
    help="A secret that every caller must send. Can be repeated, for example for each class. Also GPT2_EXCEL_TOKEN, "
    "with spaces between several.",
)
@click.option("--url", metavar="URL", help="The server's address for Excel, if it is not https://localhost:PORT.")
@click.option("--certificate", type=click.Path(path_type=Path), metavar="FILE", help="A certificate chain of your own.")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help="Its private key.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="The number of processes, which share the weights in memory.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(1, 86400),
    default=300,
    show_default=True,
    help="The most seconds that one call may take.",
)
@click.option(
    "--calls-a-minute",
    type=click.IntRange(MAX_BATCH),
    metavar="NUMBER",
    help="The most calls for one token, in each process. A change of the prompt in 1_anatomy makes about 60.",
)
@click.option(
    "--behind-proxy",
    is_flag=True,
    help="Speak HTTP to a reverse proxy, which speaks HTTPS to Excel. The folder deploy has one.",
)
@click.option("--metrics", is_flag=True, help="Answer /metrics, for Prometheus.")
def serve(
    port: int,
    address: str,
    tokens: tuple[str, ...],
    url: str | None,
    certificate: Path | None,
    key: Path | None,
    workers: int,
    seconds: float,
    calls_a_minute: int | None,
    behind_proxy: bool,
    metrics: bool,
) -> None:
    """Run the server of the Office add-in, until Ctrl-C.

    Excel for Mac, on the web and on Windows call it over HTTPS. It answers only this machine, unless --address names
    another address. gpt2-excel install --host office tells Excel where it is.
    """
    from addin.office.server import certificate_files, check_address, check_hall, check_port, check_url, start
    from addin.office.settings import Settings

    check_address(address, tokens)
    check_port(address, port)
    settings = Settings(
        url=check_url(url) if url else f"https://localhost:{port}",
        port=port,
        tokens=tokens,
        seconds=seconds,
        calls_a_minute=calls_a_minute or 0,
        behind_proxy=behind_proxy,
        metrics=metrics,
    )
    check_hall(settings, url)
    files = None if behind_proxy else certificate_files(certificate, key)
    click.echo(f"server    {settings.url}, on {address}:{port}; Ctrl-C stops it")
    click.echo(f"manifest  {settings.url}/manifest.xml{'?token=...' if tokens else ''}")
    if files and files[2]:
        click.echo("made a certificate; gpt2-excel install --host office makes this system trust it")
    start(settings, address, workers, files[:2] if files else None)
