"""The progress of downloads, read from the files that are still arriving."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from addin.hub import Download, downloads


@pytest.fixture
def arriving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The partial file of a download of gpt2."""
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path))
    folder = tmp_path / "gpt2.incomplete"
    folder.mkdir()
    return folder / "model.safetensors.0123456789ab.16.part"


def test_without_a_folder_there_are_no_downloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path / "none"))
    assert downloads() == []


def test_a_download_shows_its_progress(arriving: Path) -> None:
    arriving.write_bytes(b"1234")
    assert downloads() == [Download("gpt2", 4, 16, is_moving=True)]


def test_other_files_are_not_downloads(arriving: Path) -> None:
    for name in ("config.json.0123456789ab.7.part", "model.safetensors.0123456789ab.part", "model.safetensors"):
        arriving.with_name(name).write_bytes(b"12")
    assert downloads() == []


def test_a_file_that_stopped_growing_is_a_stopped_download(arriving: Path) -> None:
    arriving.write_bytes(b"")
    os.utime(arriving, (time.time() - 100, time.time() - 100))
    assert [download.is_moving for download in downloads()] == [False]


def test_an_autoencoder_is_named_by_its_place(arriving: Path) -> None:
    folder = arriving.parents[1] / "sae" / "gpt2" / "blocks.2.hook_resid_pre.incomplete"
    folder.mkdir(parents=True)
    (folder / "sae_weights.safetensors.0123456789ab.99.part").write_bytes(b"")
    assert [download.model for download in downloads()] == ["blocks.2.hook_resid_pre"]
