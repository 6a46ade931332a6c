"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


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
tokens = click.option(
    "--tokens",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Rows to reserve for tokens in a template. By default 32 (16 for calc), or more for a longer prompt.",
)
