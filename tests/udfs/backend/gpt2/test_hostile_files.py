"""Damaged and hostile files: one line, before any long loop, large allocation or deep recursion."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkpoint_kinds import write_kind
from tests.random_sae import write_sae
from udfs.backend import catalogue
from udfs.backend.errors import ModelError
from udfs.backend.interpret import sae

DEEP = "[" * 200_000
DEEP_OBJECTS = '{"a":' * 200_000
HUGE = 10**18


def header(content: str) -> bytes:
    return struct.pack("<Q", len(content)) + content.encode()


def entry(**changes: object) -> str:
    return json.dumps({"wte.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], **changes}})


WEIGHTS = {
    "deep": header(DEEP),
    "deep objects": header(DEEP_OBJECTS),
    "long header": struct.pack("<Q", HUGE) + b"{}",
    "large shape": header(entry(shape=[HUGE, HUGE])),
    "many dimensions": header(entry(shape=[1] * 100_000)),
    "offsets beyond the end": header(entry(data_offsets=[0, HUGE])),
    "negative offsets": header(entry(data_offsets=[-8, -4])),
    "wrong types": header(entry(shape="x", data_offsets=[None, "a"])),
    "entry is no object": header(json.dumps({"wte.weight": 5})),
    "not UTF-8": struct.pack("<Q", 4) + b"\xff\xff\xff\xff",
}
CONFIGS = {
    "deep": DEEP,
    "deep objects": DEEP_OBJECTS,
    "many layers": json.dumps({"n_layer": 10**9, "n_head": 1, "n_embd": 8, "n_ctx": 8, "vocab_size": 8}),
    "large width": json.dumps({"n_layer": 1, "n_head": 1, "n_embd": HUGE, "n_ctx": 8, "vocab_size": 8}),
    "long number": '{"n_embd": ' + "9" * 10_000 + "}",
    "large file": '{"a": "' + "x" * 2**21 + '"}',
    "not UTF-8": b"\xff\xfe{}",
}


def message_of(action: Callable[[], object], folder: Path) -> str:
    with pytest.raises(ModelError) as error:
        action()
    line = str(error.value)
    assert "\n" not in line
    assert len(line) < 300
    assert str(folder) not in line
    return line


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a usual model called `model`."""
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path))
    return write_kind("usual", tmp_path / "model")


@pytest.mark.parametrize("kind", WEIGHTS)
def test_weights(folder: Path, kind: str) -> None:
    (folder / "model.safetensors").write_bytes(WEIGHTS[kind])
    assert message_of(lambda: catalogue.load("model"), folder)


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "vocab.json", "tokenizer_config.json"])
def test_json_files(folder: Path, kind: str, name: str) -> None:
    content = CONFIGS[kind]
    data = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(data)
    if name != "config.json":
        (folder / "merges.txt").write_text("a b\n")
        if name == "tokenizer_config.json":
            (folder / "vocab.json").write_text("{}")
    assert message_of(lambda: catalogue.load("model"), folder)


def test_an_index_with_deep_nesting(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(DEEP)
    assert message_of(lambda: catalogue.load("model"), folder).startswith(
        "model.safetensors.index.json of model cannot"
    )


@pytest.mark.parametrize("content", [DEEP, DEEP_OBJECTS, "[]", "x" * 2**21])
def test_a_sparse_autoencoders_settings(tmp_path: Path, content: str) -> None:
    folder = write_sae(tmp_path / "sae")
    (folder / "cfg.json").write_text(content)
    assert message_of(lambda: sae.open_autoencoder(folder), folder).startswith("cfg.json ")


@pytest.mark.parametrize("kind", WEIGHTS)
def test_a_sparse_autoencoders_weights(tmp_path: Path, kind: str) -> None:
    folder = write_sae(tmp_path / "sae")
    (folder / "sae_weights.safetensors").write_bytes(WEIGHTS[kind])
    assert message_of(lambda: sae.open_autoencoder(folder), folder)
