"""`gpt2-excel new`: writes a template workbook with its values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from addin.commands import hosts, options

if TYPE_CHECKING:
    from addin.headless import Formulas


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
    from addin.commands.console import console, show_place
    from addin.commands.output_file import MACROS, SUFFIX, check_output, write_workbook
    from addin.templates import build_template, open_template
    from workbook_templates import FORMULAS_ONLY

    host = host or ("office" if template in FORMULAS_ONLY else hosts.usual_host())
    has_macros = host == "desktop" and template not in FORMULAS_ONLY
    suffix = MACROS if has_macros else SUFFIX
    check_output(output, suffix)
    # LibreOffice takes stored values as calculated, but not those of array formulas. At the first edit it would then
    # skip cells that depend on them.
    if host == "calc" or template in FORMULAS_ONLY:
        write, usual_name = build_template(template, host, prompt=prompt, model=model, tokens=tokens)
        show_place(console(), write_workbook(write, output, usual_name))
        return
    finish = None
    if has_macros:
        from addin.desktop.macro_workbook import add_functions

        finish = add_functions
    workbook, usual_name = open_template(template, host, prompt=prompt, model=model, tokens=tokens, finish=finish)
    workbook.recalculate()
    formulas: Formulas = "plain" if host == "headless" else "as stored"

    def save(file: Path) -> None:
        workbook.save(file, formulas=formulas, small=True)
        if host == "lite":
            from addin.lite.web_extension import add_web_extension

            add_web_extension(file)

    show_place(console(), write_workbook(save, output, str(Path(usual_name).with_suffix(suffix))))
