from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from udfs.backend import layout


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is measured, with a cache folder of its own; the answers are made up in turn."""
    calls: list[str] = []

    def measure() -> str:
        calls.append("tiles" if len(calls) % 2 == 0 else "plain")
        return calls[-1]

    monkeypatch.setattr(layout, "user_cache_path", lambda *names, **options: tmp_path / "cache")
    monkeypatch.setattr(layout, "measure", measure)
    layout.best_layout.cache_clear()
    yield calls
    layout.best_layout.cache_clear()


def test_it_is_measured_once_and_remembered(measured: list[str]) -> None:
    for _ in range(3):
        assert layout.best_layout() == "tiles"
        layout.best_layout.cache_clear()
    assert measured == ["tiles"]


def test_another_machine_is_measured_anew(measured: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    layout.best_layout()
    layout.best_layout.cache_clear()
    monkeypatch.setattr(layout, "_machine", lambda: ["another"])
    assert layout.best_layout() == "plain"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"machine": [], "layout": "round"}'])
def test_a_damaged_memory_is_measured_anew(measured: list[str], tmp_path: Path, content: str) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "layout.json").write_text(content)
    assert layout.best_layout() == "tiles"


def test_a_folder_that_cannot_be_written(measured: list[str], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert layout.best_layout() == "tiles"


def test_a_real_measurement_gives_one_of_the_two() -> None:
    assert layout.measure() in ("plain", "tiles")
