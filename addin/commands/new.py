"""`gpt2-excel new`: writes a template workbook with its values."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from addin.commands import hosts, options

if TYPE_CHECKING:
    from workbook_templates.number_rows import Progress
    from workbook_templates.pure.contents import Bits


@click.command()
@click.argument("template")
@options.prompt
@options.model
@options.output
@options.tokens
@click.option(
    "--host",
    type=click.Choice([*hosts.HOSTS, "headless"]),
    help="The program that opens the workbook, as each stores function names differently: as for gpt2-excel install, "
    "or headless for gpt2-excel run. By default desktop on Windows, office on a Mac, calc elsewhere.",
)
@click.option(
    "--bits",
    type=click.Choice(["8", "16", "full"]),
    help="How pure writes the weights: as whole numbers of 8 or 16 bits times a scale for each output channel, or "
    "unrounded. By default unrounded up to 2 million weights, else 8 bits.",
)
def new(
    template: str,
    prompt: str | None,
    model: str | None,
    output: Path | None,
    tokens: int | None,
    host: str | None,
    bits: Bits | None,
) -> None:
    """Write a template workbook with all its values.

    The workbook pure, which is for every program, and all workbooks for calc have no stored values: the program
    computes them when it opens the file.

    The file is a new one in the current folder, numbered if its name is taken; only a file named with -o is
    overwritten. For desktop it ends in .xlsm (except pure, which needs no macros), else in .xlsx.

    \b
    gpt2-excel new anatomy --host desktop --tokens 100
    """
    from functools import partial

    from addin.commands.console import console, show_place
    from addin.commands.host_file import host_file
    from addin.commands.output_file import check_output, write_workbook
    from addin.templates import build_template, open_template

    made = host_file(template, host)
    check_output(output, made.suffix)
    if made.contents == "formulas":
        with _weights_written() as progress:
            write, usual_name = build_template(
                template, made.host, prompt=prompt, model=model, tokens=tokens, bits=bits, progress=progress
            )
            path = write_workbook(write, output, str(Path(usual_name).with_suffix(made.suffix)))
    else:
        workbook, usual_name = open_template(
            template, made.host, prompt=prompt, model=model, tokens=tokens, bits=bits, finish=made.finish
        )
        workbook.recalculate()
        write = partial(made.save, workbook, small=True)
        path = write_workbook(write, output, str(Path(usual_name).with_suffix(made.suffix)))
    show_place(console(), path)


@contextmanager
def _weights_written() -> Iterator[Progress]:
    """A progress bar with the time left on stderr, if that is a terminal, for a workbook with many weights."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    with Bar("weights", BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
