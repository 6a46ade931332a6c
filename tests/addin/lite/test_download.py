"""The download inside a browser, with servers that answer, refuse, and break off."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from addin.errors import AddinError
from addin.lite import functions
from addin.lite.download import download, fetched
from tests.random_checkpoint import write_checkpoint
from udfs.backend import catalogue
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.checkpoint import open_checkpoint

FILES = ("config.json", "model.safetensors")


class Hub:
    """A hub that has a checkpoint, and sends it in chunks of 100 kB."""

    def __init__(self, checkpoint: Path, *, breaks_off_at: int | None = None, cut: int | None = None) -> None:
        self.checkpoint, self.breaks_off_at, self.cut = checkpoint, breaks_off_at, cut
        self.urls: list[str] = []

    async def fetch(self, url: str) -> AsyncIterator[bytes]:
        self.urls.append(url)
        content = (self.checkpoint / url.rpartition("/")[2]).read_bytes()[: self.cut]
        for start in range(0, len(content), 100_000):
            if self.breaks_off_at is not None and start >= self.breaks_off_at:
                raise OSError("network error")
            yield content[start : start + 100_000]


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(write_checkpoint(tmp_path / "hub"))


def run(hub: Hub, folder: Path) -> list[str]:
    told: list[str] = []
    asyncio.run(download("some/model", FILES, folder, open_checkpoint, tell=told.append, fetch=hub.fetch))
    return told


def test_a_model_arrives_in_chunks(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("addin.lite.download._STEP", 2_000_000)
    told = run(hub, tmp_path / "data" / "mine")
    assert hub.urls == [f"https://huggingface.co/some/model/resolve/main/{name}" for name in FILES]
    assert told[1:4] == [f"model.safetensors: {n} MB so far" for n in (2, 4, 6)]
    assert told[-1] == f"mine is now in {tmp_path / 'data' / 'mine'}"
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path / "data"))
    assert [model.name for model in catalogue.installed()] == ["demo", "mine"]
    assert catalogue.load("mine").config.n_layer == 3


def test_it_replaces_an_older_copy_and_the_endpoint_can_be_set(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.safetensors").write_text("old")
    run(hub, tmp_path / "mine")
    assert hub.urls[0].startswith("https://mirror.example/some/model/")
    assert (tmp_path / "mine" / "model.safetensors").stat().st_size > 1_000_000


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ({"breaks_off_at": 300_000}, AddinError, "model.safetensors stopped after 0 MB: network error"),
        ({"cut": 2_000_000}, ModelError, "cut short"),
        ({"cut": 5}, ModelError, "config.json"),
    ],
)
def test_what_is_not_whole_is_not_kept(
    hub: Hub, tmp_path: Path, fault: dict[str, int], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        run(Hub(hub.checkpoint, **fault), tmp_path / "data" / "mine")
    assert list((tmp_path / "data").iterdir()) == []


class Reader:
    """A reader of JavaScript's streams."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = iter(chunks)

    async def read(self) -> Any:
        chunk = next(self.chunks, None)
        return SimpleNamespace(done=chunk is None, value=SimpleNamespace(to_bytes=lambda: chunk))


@pytest.mark.parametrize("status", [200, 404])
def test_fetched_reads_a_stream(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def pyfetch(url: str) -> Any:
        body = SimpleNamespace(getReader=lambda: Reader([b"a", b"bc"]))
        return SimpleNamespace(ok=status == 200, status=status, js_response=SimpleNamespace(body=body))

    http = ModuleType("pyodide.http")
    http.pyfetch = pyfetch  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyodide", ModuleType("pyodide"))
    monkeypatch.setitem(sys.modules, "pyodide.http", http)

    async def chunks() -> list[bytes]:
        return [chunk async for chunk in fetched("https://x/y")]

    if status == 200:
        assert asyncio.run(chunks()) == [b"a", b"bc"]
    else:
        with pytest.raises(AddinError, match="https://x/y answered 404"):
            asyncio.run(chunks())


def test_only_the_script_downloads(hub: Hub, monkeypatch: pytest.MonkeyPatch, models_folder: Path) -> None:
    started: list[tuple[object, ...]] = []

    async def record(*arguments: object) -> None:
        started.append(arguments)

    monkeypatch.setattr(functions, "download", record)
    functions.gpt2_info("gpt2")
    assert started == []
    asyncio.run(functions.download_gpt2(None))
    assert started == [("openai-community/gpt2", FILES, models_folder / "gpt2", open_checkpoint)]
