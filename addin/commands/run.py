"""`gpt2-excel run`: recalculates a workbook from the prompt to the next token."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from addin.commands import hosts, options

if TYPE_CHECKING:
    from addin.commands.edits import Effect
    from addin.commands.outcome import Outcome


@click.command()
@click.argument("source", default="anatomy", metavar="[TEMPLATE_OR_FILE]")
@options.prompt
@options.model
@click.option(
    "--set",
    "edits",
    type=options.Characters(),
    multiple=True,
    metavar="CELL=VALUE",
    help='Type a value into a cell or a defined name: "Block 5!C47=0.5". Nothing after = clears the cell. '
    "Prints what changed. Can be repeated.",
)
@options.output
@options.tokens
@click.option(
    "--for",
    "host",
    type=click.Choice(hosts.HOSTS),
    help="The program that opens a template's file, as for gpt2-excel new --host: by default desktop on Windows, "
    "office on a Mac, calc elsewhere. An existing file keeps its own program.",
)
@click.option(
    "--values",
    "values_only",
    is_flag=True,
    help="Write the values without formulas: every program shows them, even without the functions.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run(
    source: str,
    prompt: str | None,
    model: str | None,
    edits: tuple[str, ...],
    output: Path | None,
    tokens: int | None,
    host: str | None,
    values_only: bool,
    as_json: bool,
) -> None:
    """Recalculate a workbook from the prompt to the next token.

    TEMPLATE_OR_FILE is a template, by default anatomy, or an .xlsx or .xlsm file. The result is a new file in the
    current folder, numbered if its name is taken; only a file named with -o is overwritten. Its program can
    edit it once the functions are installed there. LibreOffice computes the values when it opens a
    file, so its files hold formulas only.

    \b
    gpt2-excel run --prompt "Mike is quick. He moves" --for office
    gpt2-excel run 1_anatomy.xlsx --set "Block 5!C47=3.5" -o edited.xlsx
    """
    from dataclasses import replace
    from functools import partial

    from addin.commands.edits import apply_edits
    from addin.commands.host_file import result_file
    from addin.commands.outcome import read_outcome
    from addin.commands.output_file import check_output, write_workbook
    from addin.commands.source import check_model_of, open_source, parse_edit
    from addin.made_by import note_about
    from udfs.cells.log import log_to_file

    log_to_file()
    typed = [parse_edit(text) for text in edits]
    made = result_file(source, host, values_only=values_only)
    check_output(output, made.suffix)
    workbook, usual_name = open_source(source, made, prompt=prompt, model=model, tokens=tokens)
    effect = None
    if typed:
        effect = apply_edits(workbook, typed)
    else:
        check_model_of(workbook)
        workbook.recalculate()
    outcome = read_outcome(workbook)
    if workbook.is_for_calc and not values_only:
        made = replace(made, contents="formulas")
    path = write_workbook(partial(made.save, workbook), output, usual_name)
    if as_json:
        click.echo(_json(outcome, effect, path))
    else:
        _show(outcome, effect, path)
    for note in filter(None, (note_about(Path(source)), *(effect.notes if effect else ()), *workbook.not_calculated)):
        click.echo(f"note    {note}", err=True)


def _show(outcome: Outcome | None, effect: Effect | None, path: Path) -> None:
    from addin.commands.console import console, show_effect, show_outcome, show_place

    out = console()
    if outcome:
        show_outcome(out, outcome)
    if effect:
        show_effect(out, effect, outcome)
    show_place(out, path)


def _json(outcome: Outcome | None, effect: Effect | None, path: Path) -> str:
    import json
    from dataclasses import asdict

    result = {**asdict(outcome), "is_demo": outcome.is_demo} if outcome else {}
    edits = {"edits": asdict(effect)} if effect else {}
    return json.dumps({"file": str(path), **result, **edits}, indent=2)
