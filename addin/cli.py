"""The command line `gpt2-excel`. A new command is one module in `addin/commands` and its name in `COMMANDS`."""

from __future__ import annotations

import errno
import importlib
import io
import sys

import click

from addin.commands.problems import EXIT_CODES, STOPPED, as_problem

COMMANDS = (
    *("run", "new", "generate", "circuit", "models", "download"),
    *("serve", "install", "uninstall", "status", "doctor"),
)


class _Commands(click.Group):
    """Finds a command in the module of its name, and turns whatever goes wrong in it into one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"addin.commands.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("gpt2-excel: stopped", err=True)
            raise click.exceptions.Exit(STOPPED) from None
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            piped_away = isinstance(error, OSError) and error.errno == errno.EPIPE
            if piped_away or ctx.params["debug"]:
                raise
            raise as_problem(error) from None

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])
        super().format_epilog(ctx, formatter)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.version_option(package_name="gpt2-excel")
def main(debug: bool) -> None:
    """GPT-2 in a spreadsheet: every number from the prompt to the next token stands in a cell.

    To begin: gpt2-excel run --prompt "If today is Tuesday, tomorrow is"
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or pipe may not know every character of a token
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
