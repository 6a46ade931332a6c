"""Workbooks as the command line writes them, for a tiny model and with room for few tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner

from addin.cli import main
from tests.workbook_templates.files import few_tokens
from workbook_templates import OWN_MODEL

Files: TypeAlias = "Callable[[str], Path]"  # the file that a command such as `new mri --host calc` writes
Built: TypeAlias = "Callable[[str, str], Path]"  # the file of a template for a host, with formulas but without values


def suffix_of(command: str) -> str:
    return ".xlsm" if command.endswith("desktop") else ".xlsx"


def write(command: str, path: Path) -> None:
    """Writes the file of a command such as `new mri --host calc`."""
    own_model = command.split()[1] in OWN_MODEL
    options = () if own_model else ("--model", "tiny", "--tokens", "4", "--prompt", "Mike is quick.")
    with pytest.MonkeyPatch.context() as patch:
        few_tokens(patch)
        result = CliRunner().invoke(main, [*command.split(), *options, "-o", str(path)])
    assert result.exit_code == 0, result.output
