"""The test files that run first, or together, exist: a renamed file would lose its place without a word."""

from __future__ import annotations

from pathlib import Path

from tests import order

_TESTS = Path(__file__).parent


def test_every_file_exists() -> None:
    assert [file for file in order.FIRST if not (_TESTS / file).is_file()] == []
