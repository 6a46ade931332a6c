from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from udfs.backend.fast import layout
from udfs.backend.fast.layout import Layout

PLAIN, TILES = Layout(tiles=False, chunks=False), Layout(tiles=True, chunks=True)


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Layout]]:
    """What is measured, with a cache folder of its own; the answers are made up in turn."""
    calls: list[Layout] = []

    def measure() -> Layout:
        calls.append(TILES if len(calls) % 2 == 0 else PLAIN)
        return calls[-1]

    monkeypatch.setenv("GPT2_EXCEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(layout, "measure", measure)
    layout.best_layout.cache_clear()
    yield calls
    layout.best_layout.cache_clear()


def test_it_is_measured_once_and_remembered(measured: list[Layout]) -> None:
    for _ in range(3):
        assert layout.best_layout() == TILES
        layout.best_layout.cache_clear()
    assert measured == [TILES]


def test_another_machine_is_measured_anew(measured: list[Layout], monkeypatch: pytest.MonkeyPatch) -> None:
    layout.best_layout()
    layout.best_layout.cache_clear()
    monkeypatch.setattr(layout, "_machine", lambda: ["another"])
    assert layout.best_layout() == PLAIN


@pytest.mark.parametrize("content", ["", "{", "[]", '{"machine": [], "tiles": "round", "chunks": true}'])
def test_a_damaged_memory_is_measured_anew(measured: list[Layout], tmp_path: Path, content: str) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "layout.json").write_text(content)
    assert layout.best_layout() == TILES


def test_a_folder_that_cannot_be_written(measured: list[Layout], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert layout.best_layout() == TILES


def test_a_real_measurement_answers_both_questions() -> None:
    measured = layout.measure()
    assert type(measured) is Layout
    assert {type(answer) for answer in measured} == {bool}
