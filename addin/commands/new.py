"""`gpt2-excel new`: writes a template, values filled in."""

from __future__ import annotations

from collections.abc import Callable
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
    help="The program that it is for, as they store function names differently: that of gpt2-excel install, or "
    "headless for gpt2-excel run. By default desktop on Windows, office on a Mac, calc elsewhere.",
)
def new(
    template: str, prompt: str | None, model: str | None, output: Path | None, tokens: int | None, host: str | None
) -> None:
    """Write a template workbook, every value filled in.

    For calc, and in the workbook pure, which is for every program, the program does that when it opens the file.

    The file is a new one in the current folder, numbered where its name is taken; only a file named with -o is written
    over. For desktop it ends in .xlsm (but pure, which needs no macros), else in .xlsx.

    \b
    gpt2-excel new anatomy --host desktop --tokens 100
    """
    from functools import partial

    from addin.commands.console import console, show_place
    from addin.commands.output_file import MACROS, SUFFIX, check_output, write_workbook
    from addin.commands.source import build_template, open_template
    from workbook_templates import FORMULAS_ONLY

    host = host or ("office" if template in FORMULAS_ONLY else hosts.usual_host())
    suffix = MACROS if host == "desktop" and template not in FORMULAS_ONLY else SUFFIX
    check_output(output, suffix)
    # LibreOffice takes stored values for calculated, but not those of array formulas, and then passes over what depends
    # on them when a cell is edited for the first time.
    if host == "calc" or template in FORMULAS_ONLY:
        write, usual_name = build_template(template, host, prompt=prompt, model=model, tokens=tokens)
        show_place(console(), write_workbook(write, output, usual_name))
        return
    workbook, usual_name = open_template(template, host, prompt=prompt, model=model, tokens=tokens)
    workbook.recalculate()
    save: Callable[[Path], None] = partial(
        workbook.save, formulas="plain" if host == "headless" else "as stored", small=True
    )
    if suffix == MACROS:
        from addin.desktop.macro_workbook import with_vba

        save = with_vba(save)
    show_place(console(), write_workbook(save, output, str(Path(usual_name).with_suffix(suffix))))
