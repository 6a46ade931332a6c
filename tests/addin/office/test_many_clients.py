"""Twenty clients at once, briefly. `tests/benchmarks/server.py` does it for a minute on a full-size model."""

from __future__ import annotations

import os
import sys

import pytest

from tests.addin.office.running import Running
from tests.benchmarks.clients import all_at_once
from tests.benchmarks.server import memory

CLIENTS = 20


def test_all_are_answered_and_memory_does_not_grow(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_EXCEL_CACHE_MB", "0.2")  # full at once: if memory still grows, it is not the caches
    port, root = server.settings.port, server.files.root
    all_at_once(port, root, CLIENTS, 0.5, "tiny", 32)
    before = memory(os.getpid())["Rss"] if sys.platform == "linux" else 0
    tally = all_at_once(port, root, CLIENTS, 1.0, "tiny", 32)
    grown = memory(os.getpid())["Rss"] - before if sys.platform == "linux" else 0
    assert tally.errors == []
    assert len(tally.seconds) >= CLIENTS
    assert grown < 50_000_000
