"""Workbooks that several test files read."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbook_templates import build


@pytest.fixture(scope="session")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The anatomy workbook, built with default arguments."""
    return build("anatomy", tmp_path_factory.mktemp("usual"))


@pytest.fixture(scope="session")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small anatomy workbook for each host."""
    folder = tmp_path_factory.mktemp("hosts")
    return {
        host: build("anatomy", folder / f"{host}.xlsx", host=host, tokens=4, model="tiny")
        for host in ("office", "desktop", "headless")
    }
