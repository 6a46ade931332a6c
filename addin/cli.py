"""The command line `gpt2-excel`: its commands, and how each error becomes one line on stderr and an exit code."""

from __future__ import annotations

import errno
import importlib
import io
import logging
import sys
from typing import IO, Any

import click

from addin import NAME
from addin.errors import AddinError, MissingError

COMMANDS = {  # each command, and its module in `addin.commands`
    "run": "run",
    "new": "new",
    "generate": "generate",
    "circuit": "circuit",
    "map": "map",
    "tune": "tune",
    "models": "models",
    "download": "models",
    "verify": "verify",
    "serve": "serve",
    "install": "hosts",
    "uninstall": "hosts",
    "status": "hosts",
    "doctor": "doctor",
    "report": "report",
}

EXIT_CODES = {
    0: "done",
    1: "a wrong value: an option, a file, or an error in a cell",
    2: "the command line cannot be read: unknown command or option",
    3: "something is missing: a model, a program, a package, the network",
    4: "a bug in gpt2-excel (--debug shows where)",
    130: "stopped with Ctrl-C",
}
_STOPPED = 130


class _Failure(click.ClickException):
    """A wrong value, as click reports it."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"{NAME}: {' '.join(self.message.split())}", file=file, err=file is None)


class _Missing(_Failure):
    exit_code = 3


class _Bug(_Failure):
    exit_code = 4


class _Commands(click.Group):
    """Imports a command when it is called, and reports its errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"addin.commands.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Names the command that was probably meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            nearest = get_close_matches(args[0], COMMANDS, 1)
            if not nearest:
                raise
            raise click.UsageError(f"{error.message} Did you mean {nearest[0]}?", ctx) from None

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            click.echo(f"{NAME}: {stop if stop.args else 'stopped'}", err=True)
            raise click.exceptions.Exit(_STOPPED) from None
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            is_broken_pipe = isinstance(error, OSError) and error.errno == errno.EPIPE
            if is_broken_pipe or ctx.params["debug"]:
                raise
            raise _failure(error) from None

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])
        super().format_epilog(ctx, formatter)


def _failure(error: Exception) -> _Failure:
    """An exception of a command as one line with its exit code."""
    if isinstance(error, MissingError):  # before the imports, which fail if NumPy is missing
        return _Missing(str(error))
    from addin.headless import WorkbookError
    from udfs.backend.errors import ModelError
    from udfs.cells import CellError
    from udfs.cells.log import log_to_file

    if isinstance(error, (AddinError, ModelError, CellError, WorkbookError)):
        return _Failure(str(error))
    if isinstance(error, OSError) and error.strerror:
        where = f" {error.filename}" if error.filename else ""
        return _Failure(f"cannot read or write{where}: {error.strerror}")
    log_to_file()
    logging.getLogger("udfs").error("bug in the command line", exc_info=error)
    return _Bug(f"bug: {type(error).__name__}: {error} (gpt2-excel --debug ... shows where)")


def _show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from udfs.version import VERSION

        click.echo(f"{NAME} {VERSION}")
        ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
def main(debug: bool) -> None:
    """GPT-2 in a spreadsheet: every number from the prompt to the next token is in a cell.

    To begin: gpt2-excel run --prompt "If today is Tuesday, tomorrow is"
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or pipe may lack some characters of a token
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
