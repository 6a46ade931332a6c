"""`gpt2-excel map`: one formula for every row of a table."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from addin.commands import options

if TYPE_CHECKING:
    from addin.mapping.journal import Journal
    from addin.mapping.row_formula import RowFormula
    from addin.mapping.tables import Table
    from addin.mapping.work import Chunk, Done, Job


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.argument("formula", type=options.Characters())
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The table to write, .csv, .tsv, .parquet or .xlsx. An existing file is overwritten at the end.",
)
@options.model
@click.option(
    "--sheet", type=options.Characters(), metavar="NAME", help="The sheet of a workbook; by default its first."
)
@options.workers
@options.scheduler
def map(
    table: Path,
    formula: str,
    output: Path,
    model: str | None,
    sheet: str | None,
    workers: int | None,
    scheduler: str | None,
) -> None:
    """Compute a formula for every row of a table.

    TABLE is a .csv, .tsv, .parquet or .xlsx file whose first row holds titles. FORMULA calls a function of gpt2-excel;
    its arguments are formulas over the titles. The output is the table with the results beside it. Rows with an error
    have it in the column error. Functions that take a column of prompts compute many rows together.

    Finished rows are kept in FILE.progress until the end. If the command is stopped or killed, run it again to
    continue. With the extra cluster, long tables have a process for each core by default. Every worker of a Dask
    cluster needs gpt2-excel and the model's own files.

    \b
    gpt2-excel map prompts.csv "GPT2_PREDICT(text, 5)" -o answers.csv --model "gpt2 ; scale h.9.attn by 0"
    gpt2-excel map words.xlsx "GPT2_LENS_TRACK(\\"The \\" & noun, \\" is\\")" -o tracks.parquet
    """
    from addin.commands.output_file import check_output, write_workbook
    from addin.mapping import journal, tables
    from addin.mapping.row_formula import RowFormula
    from addin.mapping.work import Job, chunks
    from udfs.cells.log import log_to_file

    log_to_file()
    tables.check_suffix(output, "--output")
    check_output(output, output.suffix.lower())
    options.check_one_of(workers, scheduler)
    read = tables.read_table(table, sheet)
    of_row = RowFormula(formula, read.columns, model or "")
    job = Job(formula, tuple(read.columns), of_row.model, _checksums(of_row, read))
    target = output.resolve()
    with journal.opened(target.with_name(f"{target.name}.progress"), _digest(job, read)) as kept:
        finished = kept.finished
        todo = [chunk for chunk in chunks(read.rows, of_row) if chunk.first not in finished]
        _compute(job, todo, kept, len(finished), len(read.rows), scheduler, workers)
        titles, cells, n_errors = _columns(kept, read.columns, of_row.function.name)
        write_workbook(lambda path: tables.write_table(path, read, titles, cells), output, output.name)
    click.echo(f"{len(read.rows)} rows are now in {output}")
    if n_errors:
        click.echo(f"note    {n_errors} of them have an error, in the column {titles[-1]}", err=True)


def _checksums(formula: RowFormula, table: Table) -> tuple[tuple[str, str], ...]:
    """The checksums of the models that the rows use. Raises MissingError if one is not on this machine."""
    from addin.cluster import model_checksum
    from addin.templates import check_model

    texts = formula.models(table.rows)
    names = sorted({text.partition(";")[0].strip() for text in texts})
    for text in texts if len(texts) == 1 else names:  # a wrong one among several is an error of its rows
        check_model(text)
    return tuple((name, model_checksum(name)) for name in names)


def _digest(job: Job, table: Table) -> str:
    """A digest of everything that decides the answers."""
    return hashlib.sha256(repr((job, table.rows)).encode()).hexdigest()


def _compute(
    job: Job,
    todo: Sequence[Chunk],
    kept: Journal,
    n_finished: int,
    n_rows: int,
    scheduler: str | None,
    workers: int | None,
) -> None:
    """Computes the chunks and keeps each when it is finished."""
    with _progress(n_finished, n_rows) as advance, _answers(job, todo, scheduler, workers) as done:
        try:
            for chunk, answers in done:
                kept.keep(chunk.first, answers)
                n_finished += len(answers)
                advance(len(answers))
        except KeyboardInterrupt:
            again = "run the same command again to continue"
            raise KeyboardInterrupt(f"stopped after {n_finished} of {n_rows} rows; {again}") from None


@contextmanager
def _answers(job: Job, todo: Sequence[Chunk], scheduler: str | None, workers: int | None) -> Iterator[Done]:
    from importlib.util import find_spec

    from addin import cluster
    from addin.mapping.work import here, on_cluster

    is_default = scheduler is None and workers is None
    is_enough = workers == 0 or (is_default and (len(todo) <= 1 or find_spec("distributed") is None))
    if is_enough or not todo:
        yield here(job, todo)
        return
    with cluster.opened(scheduler, workers) as client:
        if sys.stderr.isatty() and client.dashboard_link:
            click.echo(f"Dask shows its tasks at {client.dashboard_link}", err=True)
        yield on_cluster(client, job, todo)


@contextmanager
def _progress(n_finished: int, n_rows: int) -> Iterator[Callable[[int], None]]:
    """A progress bar with rows a second and the time left, on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda n_rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]}")
    bar = Progress("rows", BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn(), console=Console(stderr=True))
    with bar:
        task = bar.add_task("", total=n_rows, completed=n_finished, rate="")

        def advance(count: int) -> None:
            bar.advance(task, count)
            speed = bar.tasks[0].speed
            bar.update(task, rate=f"{speed:.1f} rows/s" if speed else "")

        yield advance


def _columns(kept: Journal, taken: Sequence[str], function: str) -> tuple[list[str], list[list[Any]], int]:
    """The titles of the results, the error's last; the cells of each row; and the number of errors."""
    from addin.mapping.row_formula import ERROR

    answers = list(kept.answers())
    titles = list(dict.fromkeys(title for answer in answers for title in answer if title != ERROR))
    cells = [[answer.get(title) for title in (*titles, ERROR)] for answer in answers]
    shown = [f"{function} {title}" if title in taken else title for title in (*titles, ERROR)]
    return shown, cells, sum(ERROR in answer for answer in answers)
