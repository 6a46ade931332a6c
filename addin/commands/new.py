"""`gpt2-excel new`: writes a template workbook with its values."""

from __future__ import annotations

from pathlib import Path

import click

from addin.commands import hosts, options


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
def new(
    template: str, prompt: str | None, model: str | None, output: Path | None, tokens: int | None, host: str | None
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
        write, usual_name = build_template(template, made.host, prompt=prompt, model=model, tokens=tokens)
    else:
        workbook, usual_name = open_template(
            template, made.host, prompt=prompt, model=model, tokens=tokens, finish=made.finish
        )
        workbook.recalculate()
        write = partial(made.save, workbook, small=True)
    show_place(console(), write_workbook(write, output, str(Path(usual_name).with_suffix(made.suffix))))
