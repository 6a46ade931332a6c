"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from addin.errors import AddinError


class Characters(click.types.StringParamType):
    """Text without invalid bytes, which a shell can pass on."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text: str = super().convert(value, param, ctx)
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fail(f"{text!r} is not text in the terminal's encoding", param, ctx)
        return text


prompt = click.option("--prompt", type=Characters(), metavar="TEXT", help="The text to continue.")
model = click.option(
    "--model",
    type=Characters(),
    metavar="TEXT",
    help='A model of "gpt2-excel models", or a model text such as "gpt2 ; bos". By default gpt2 if it is on this '
    "machine, else demo.",
)
output = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file to write. An existing file is overwritten.",
)
workers = click.option(
    "--workers",
    type=click.IntRange(0),
    metavar="N",
    help="Processes on this machine, with the extra cluster. 0 computes in the command's own process.",
)
scheduler = click.option(
    "--scheduler", metavar="ADDRESS", help="A Dask scheduler to use instead, such as tcp://10.0.0.5:8786."
)
tokens = click.option(
    "--tokens",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Rows to reserve for tokens in a template. By default 32 (16 for calc), or more for a longer prompt.",
)


def check_one_of(workers: int | None, scheduler: str | None) -> None:
    """Raises AddinError if both options are given."""
    if scheduler is not None and workers is not None:
        raise AddinError("--workers: a scheduler has its own; leave out one of --workers and --scheduler")
