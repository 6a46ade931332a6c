"""Workbooks that several tests read, each made once for a test run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from addin.desktop.macro_workbook import add_functions
from tests.addin.command_files import Built, Files, suffix_of, write
from tests.books import Books
from tests.shared import Shared
from tests.workbook_templates.files import small


@pytest.fixture(scope="session")
def files(shared: Shared, models_folder: Path) -> Files:
    return lambda command: shared.once(f"{command}{suffix_of(command)}", partial(write, command))


@pytest.fixture(scope="session")
def built(shared: Shared, books: Books) -> Built:
    def of(template: str, host: str) -> Path:
        if host != "desktop":
            return books.small(template, host=host)
        with_macros = partial(small, template, host=host, finish=add_functions)
        return shared.once(f"{template} {host}{suffix_of(host)}", with_macros)

    return of
