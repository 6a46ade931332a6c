"""Downloads as the pane shows them, read from files that are arriving."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from addin.office.progress import Download, downloads

HEADER = json.dumps({"__metadata__": {}, "wte.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()


@pytest.fixture
def arriving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a download of gpt2."""
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path))
    folder = tmp_path / "gpt2.incomplete"
    folder.mkdir()
    return folder / "model.safetensors.0123456789ab.part"


def test_no_folder_is_no_download(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path / "none"))
    assert downloads() == []


def test_a_download_says_how_far_it_is(arriving: Path) -> None:
    arriving.write_bytes(len(HEADER).to_bytes(8, "little") + HEADER + b"1234")
    assert downloads() == [Download("gpt2", 12 + len(HEADER), 16 + len(HEADER), is_moving=True)]


_UNREADABLE = [
    b"",
    b"123",
    b"\x10" + b"\0" * 7 + b"{}",  # shorter than it says
    b"\x02" + b"\0" * 7 + b"[]",
    b"\x0a" + b"\0" * 7 + b'{"a": 1}  ',
    b"\x29" + b"\0" * 7 + b'{"a": {"data_offsets": ["zero", "one"]}}  ',
    b"\xff" * 99,
]


@pytest.mark.parametrize("content", _UNREADABLE)
def test_what_has_no_header_yet_has_no_total(arriving: Path, content: bytes) -> None:
    arriving.write_bytes(content)
    assert downloads() == [Download("gpt2", len(content), None, is_moving=True)]


def test_one_that_no_longer_grows_has_stopped(arriving: Path) -> None:
    arriving.write_bytes(b"")
    os.utime(arriving, (time.time() - 100, time.time() - 100))
    assert [download.is_moving for download in downloads()] == [False]


def test_an_autoencoder_is_named_by_its_place(arriving: Path) -> None:
    folder = arriving.parents[1] / "sae" / "gpt2" / "blocks.2.hook_resid_pre.incomplete" / "blocks.2.hook_resid_pre"
    folder.mkdir(parents=True)
    (folder / "sae_weights.safetensors.0123456789ab.part").write_bytes(b"")
    assert [download.model for download in downloads()] == ["blocks.2.hook_resid_pre"]
