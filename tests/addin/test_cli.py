"""The whole command line: help, exit codes, errors in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from addin import cli
from tests.random_checkpoint import write_checkpoint
from udfs.cells.log import log_path

SLOW_TO_IMPORT = ("numpy", "huggingface_hub", "rich", "tiktoken", "xlsxwriter", "xlwings")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """`gpt2-excel models` raises the error in this list."""
    errors: list[BaseException] = []

    @click.command()
    def models() -> None:
        raise errors[0]

    monkeypatch.setattr("addin.commands.models.models", models)
    return errors


def test_help_names_every_command_and_exit_code() -> None:
    shown = CliRunner().invoke(cli.main, ["--help"])
    assert shown.exit_code == 0
    for word in (*cli.COMMANDS, *cli.EXIT_CODES.values()):
        assert str(word) in shown.stdout


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_help(command: str) -> None:
    shown = CliRunner().invoke(cli.main, [command, "--help"])
    assert shown.exit_code == 0
    assert f"gpt2-excel {command}" in shown.stdout or f"main {command}" in shown.stdout


def test_help_loads_nothing_slow() -> None:
    code = f"import sys; from addin.cli import main; main(['--help'], standalone_mode=False); \
print([name for name in {SLOW_TO_IMPORT} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("arguments", [["fly"], ["run", "--fly"], ["run", "--tokens", "0"], ["new"]])
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli.main, arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["rnu"], "Did you mean run?"),
        (["run", "anatmoy"], "did you mean anatomy?"),
        (["new", "surgry"], "did you mean surgery?"),
        (["run", "--model", "gtp2"], "did you mean gpt2?"),
        (["run", "--model", "GPT-2"], "did you mean gpt2?"),
        (
            ["run", "mri", "--model", "tiny", "--tokens", "4", "--prompt", "a b", "--set", "Circut!A1=1"],
            "did you mean Circuit?",
        ),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(arguments: list[str], meant: str) -> None:
    assert meant in CliRunner().invoke(cli.main, arguments).stderr


def test_a_strange_name_gets_none() -> None:
    assert "mean" not in CliRunner().invoke(cli.main, ["run", "xyzzy"]).stderr


def test_a_bug_is_one_line(failing: list[BaseException]) -> None:
    failing.append(KeyError("a\nb"))
    result = CliRunner().invoke(cli.main, ["models"])
    assert result.exit_code == 4
    assert result.stderr.startswith("gpt2-excel: bug: KeyError:")
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" in log_path().read_text(encoding="utf-8")


def test_debug_shows_the_traceback_of_a_bug(failing: list[BaseException]) -> None:
    failing.append(KeyError("a"))
    assert isinstance(CliRunner().invoke(cli.main, ["--debug", "models"]).exception, KeyError)


def test_ctrl_c_is_exit_code_130(failing: list[BaseException]) -> None:
    failing.append(KeyboardInterrupt())
    result = CliRunner().invoke(cli.main, ["models"])
    assert (result.exit_code, result.stderr) == (130, "gpt2-excel: stopped\n")


def test_a_file_that_cannot_be_read_is_one_line(failing: list[BaseException]) -> None:
    failing.append(PermissionError(13, "Permission denied", "/somewhere"))
    result = CliRunner().invoke(cli.main, ["models"])
    assert result.exit_code == 1
    assert result.stderr == "gpt2-excel: cannot read or write /somewhere: Permission denied\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_terminal_that_lacks_characters_still_shows_a_result(tmp_path: Path, encoding: str) -> None:
    write_checkpoint(tmp_path / "日")
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "GPT2_EXCEL_MODELS": str(tmp_path)}
    command = [sys.executable, "-c", "from addin.cli import main; main()", "models"]
    ended = subprocess.run(command, capture_output=True, env=environment)
    assert ended.returncode == 0, ended.stderr
    assert "日".encode(encoding, "backslashreplace") in ended.stdout
