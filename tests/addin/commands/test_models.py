"""`gpt2-excel models`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.random_checkpoint import write_checkpoint

Run = Callable[..., Result]


def test_models_are_listed_with_shape_and_place(gpt2_excel: Run, models: Path) -> None:
    write_checkpoint(models / "mine")
    (models / "not a model").mkdir()
    shown = gpt2_excel("models").stdout
    (line,) = [line for line in shown.splitlines() if line.startswith("mine")]
    assert line.split() == ["mine", "3", "4", "32", "6.6", "MB", str(models / "mine")]
    assert "demo (default)" in shown
    assert "a small teaching model" in shown
    assert "not a model" not in shown


def test_models_to_download_are_those_not_on_this_machine(gpt2_excel: Run, models: Path) -> None:
    write_checkpoint(models / "distilgpt2")
    lines = [line.strip() for line in gpt2_excel("models").stdout.splitlines()]
    assert "gpt2-excel download gpt2" in lines
    assert "gpt2-excel download distilgpt2" not in lines


def test_a_damaged_model_is_reported(gpt2_excel: Run, models: Path) -> None:
    (write_checkpoint(models / "mine") / "model.safetensors").write_bytes(b"cut")
    (line,) = [line for line in gpt2_excel("models").stdout.splitlines() if line.startswith("mine")]
    assert "damaged" in line


def test_a_missing_default_model(gpt2_excel: Run, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_EXCEL_MODEL", "other")
    assert "The default model, other, is not on this machine" in gpt2_excel("models").stdout
