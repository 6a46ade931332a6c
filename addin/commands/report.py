"""`gpt2-excel report`: one file to send with a question: versions, hosts, the log, and the errors of a workbook."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from addin import NAME
from addin.commands import options

if TYPE_CHECKING:
    from addin.headless import Cell, Workbook

_SUFFIX = ".txt"
_MOST_CELLS = 20  # of each kind
_LOG_LINES = 200
_TOLERANCE = 1e-4  # of numbers: spreadsheet programs sum in another order


@click.command()
@click.argument("workbook", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.output
def report(workbook: Path | None, output: Path | None) -> None:
    """Write a file that tells a maintainer what happened on this machine.

    It has the versions, what is installed in which program, and the end of the log. WORKBOOK is one of our workbooks
    that you edited and saved in a spreadsheet program: the report has every cell with an error, and every cell in
    which the program computed something else than gpt2-excel does.

    \b
    gpt2-excel new check
    gpt2-excel report check.xlsx
    """
    from addin.commands.console import console, show_place
    from addin.commands.output_file import check_output, write_workbook
    from udfs.cells.log import log_to_file

    log_to_file()
    check_output(output, _SUFFIX)
    text = "\n".join(_lines(workbook)) + "\n"
    path = write_workbook(lambda file: file.write_text(text, encoding="utf-8"), output, f"{NAME}-report{_SUFFIX}")
    show_place(console(), path)
    click.echo("Read it before you send it: it names folders of this machine, and the log may quote your prompts.")


def _lines(workbook: Path | None) -> Iterator[str]:
    from addin.commands.doctor import findings
    from addin.commands.hosts import HOSTS, status_lines
    from udfs.version import VERSION

    yield f"{NAME} {VERSION} report"
    yield f"system         {platform.platform()}"
    yield from _section("this machine (gpt2-excel doctor)")
    for finding in findings():
        yield f"{'ok' if finding.found else 'missing':<8}{finding.what:<15}{finding.detail}"
    yield from _section("programs (gpt2-excel status)")
    for host in HOSTS:
        yield from (f"{host:<9}{line}" for line in status_lines(host))
    if workbook is not None:
        yield from _section(f"workbook {workbook.name}")
        yield from _workbook_lines(workbook)
    yield from _section("end of the log")
    yield from _log_lines()


def _section(title: str) -> Iterator[str]:
    yield ""
    yield f"== {title}"


def _workbook_lines(path: Path) -> Iterator[str]:
    """What made and saved a workbook, its errors, and where its values differ from those computed here."""
    from addin.headless import Workbook, WorkbookError
    from addin.made_by import program_of, version_of

    try:
        stored, computed = Workbook.open(path, functions={}), Workbook.open(path)
    except WorkbookError as error:
        yield f"cannot be read: {error}"
        return
    yield f"made by        {version_of(path) or 'another program'}"
    yield f"saved by       {program_of(path) or 'an unknown program'}"
    for name in ("status", "prompt", "model", "next_token"):
        yield f"{name:<15}{_named(stored, name)!r}"
    yield from _errors(stored)
    yield from _counted("cells that differ from what is computed here", _differences(stored, computed))


def _differences(stored: Workbook, computed: Workbook) -> Iterator[str]:
    """A line for each cell whose value is another one after a recalculation here."""
    for cell in computed.recalculate():
        before, after = (workbook.get(_quoted(cell)) for workbook in (stored, computed))
        if not _is_same(before, after):
            yield f"{cell}: {before!r}, computed here {after!r}"


def _named(workbook: Workbook, name: str) -> Cell:
    from addin.headless import WorkbookError

    try:
        return workbook.get(name)
    except WorkbookError:
        return None


def _errors(workbook: Workbook) -> Iterator[str]:
    """The cells with an error value or with one of our messages."""
    from udfs import excel_errors
    from udfs.cells import ERROR_MARK
    from workbook_templates.formula.ranges import cell_name, quoted_sheet

    def found() -> Iterator[str]:
        for sheet in workbook.sheet_names:
            for row, values in enumerate(workbook.used_values(sheet), 1):
                for column, value in enumerate(values, 1):
                    if isinstance(value, str) and (value in excel_errors.ALL or value.startswith(ERROR_MARK)):
                        yield f"{quoted_sheet(sheet)}!{cell_name(row, column)}: {value}"

    yield from _counted("cells with an error", found())


def _counted(title: str, lines: Iterable[str]) -> Iterator[str]:
    """A line with the number of lines, and the first of them."""
    found = list(lines)
    yield f"{title}: {len(found)}"
    yield from (f"  {line}" for line in islice(found, _MOST_CELLS))


def _is_same(stored: Cell, computed: Cell) -> bool:
    if isinstance(stored, float) and isinstance(computed, float):
        return math.isclose(stored, computed, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return stored == computed or {stored, computed} == {"", None}


def _quoted(address: str) -> str:
    """An address of `ChangedCells`, with the sheet's name in quotes if it needs them."""
    from workbook_templates.formula.ranges import quoted_sheet

    sheet, _, cell = address.rpartition("!")
    return f"{quoted_sheet(sheet)}!{cell}"


def _log_lines() -> list[str]:
    from udfs.cells.log import log_path

    path = log_path()
    if not path.exists():
        return [f"{path}: no bug so far"]
    return [str(path), *path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]]
