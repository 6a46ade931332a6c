"""What may go wrong in a command, in one line on stderr, and the exit code that tells a script which kind it was."""

from __future__ import annotations

from typing import IO, Any

import click

EXIT_CODES = {
    0: "done",
    1: "a wrong value: an argument, a file, or an error in a cell",
    2: "the command line cannot be read: unknown command or option",
    3: "something is missing here: a model, a program, a package, the network",
    4: "a bug in gpt2-excel (--debug shows where)",
    130: "stopped with Ctrl-C",
}
STOPPED = 130


class Problem(click.ClickException):
    """A wrong value."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"gpt2-excel: {' '.join(self.message.split())}", file=file, err=file is None)


class Missing(Problem):
    """Something that this machine does not have, or cannot reach."""

    exit_code = 3


class Bug(Problem):
    """An error that nobody expected."""

    exit_code = 4


def as_problem(error: Exception) -> Problem:
    """An exception that got out of a command as the problem to report."""
    if isinstance(error, _expected_errors()):
        return Problem(str(error))
    if isinstance(error, OSError) and error.strerror:
        where = f" {error.filename}" if error.filename else ""
        return Problem(f"cannot read or write{where}: {error.strerror}")
    return Bug(f"bug: {type(error).__name__}: {error} (gpt2-excel --debug ... shows where)")


def _expected_errors() -> tuple[type[Exception], ...]:
    from addin.headless import WorkbookError
    from udfs.backend.errors import ModelError
    from udfs.cells import CellError

    return ModelError, CellError, WorkbookError
