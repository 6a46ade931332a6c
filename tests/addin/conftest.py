"""Workbooks that several tests read."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.addin.command_files import Files, suffix_of, write
from tests.shared import Shared


@pytest.fixture(scope="session")
def files(shared: Shared, models_folder: Path) -> Files:
    """Makes the file of each command once for a test run. Tests only read it."""
    return lambda command: shared.once(f"{command}{suffix_of(command)}", partial(write, command))
