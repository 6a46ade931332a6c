from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.random_checkpoint import write_checkpoint
from udfs.backend import catalogue
from udfs.backend.errors import ModelError


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder and an empty Hugging Face cache."""
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("GPT2_EXCEL_MODEL", raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "models"


def test_demo_is_always_installed_and_the_default_without_other_models(own: Path) -> None:
    assert [model.name for model in catalogue.installed()] == ["demo"]
    assert catalogue.default_name() == "demo"


def test_gpt2_is_the_default_if_installed(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_checkpoint(own / "gpt2")
    assert catalogue.default_name() == "gpt2"
    monkeypatch.setenv("GPT2_EXCEL_MODEL", "other")
    assert catalogue.default_name() == "other"


def test_hugging_faces_cache_is_searched(own: Path, tmp_path: Path) -> None:
    snapshot = write_checkpoint(tmp_path / "hub" / "models--openai-community--gpt2" / "snapshots" / "abc")
    assert catalogue.find("gpt2") == snapshot
    assert [model.name for model in catalogue.installed()] == ["demo", "gpt2"]


def test_an_incomplete_folder_is_not_a_model(own: Path) -> None:
    folder = write_checkpoint(own / "half")
    (folder / "config.json").unlink()
    assert [model.name for model in catalogue.installed()] == ["demo"]


@pytest.mark.parametrize("name", ["../models/tiny", "a/b", "a\\b", "..", ".", "/etc", "C:x", "tiny\0"])
def test_a_name_is_never_a_path(own: Path, name: str) -> None:
    write_checkpoint(own / "tiny")
    with pytest.raises(ModelError, match=r"^model must be one on this machine"):
        catalogue.find(name)


def test_a_missing_model_is_reported_with_a_remedy(own: Path) -> None:
    with pytest.raises(ModelError) as error:
        catalogue.load("gpt2-xl")
    assert str(error.value) == (
        "model must be one on this machine (demo), not 'gpt2-xl'; gpt2-excel download gpt2-xl fetches it"
    )


def test_a_model_is_opened_again_only_if_its_files_change(own: Path) -> None:
    folder = write_checkpoint(own / "mine")
    first = catalogue.load("mine")
    assert catalogue.load("mine") is first
    assert catalogue.load("mine ; bos").tensors["wte.weight"] is first["wte.weight"]
    exact = catalogue.load("mine ; float64")
    assert catalogue.load("mine ; float64 ; bos").tensors["wte.weight"] is exact["wte.weight"]
    assert exact["wte.weight"].dtype == "float64"
    assert (exact["wte.weight"] == first["wte.weight"]).all()
    write_checkpoint(folder, seed=1)
    os.utime(folder / "model.safetensors", ns=(1, 1))
    second = catalogue.load("mine")
    assert second.fingerprint != first.fingerprint
    assert (second["ln_f.bias"] != first["ln_f.bias"]).any()


def test_a_blank_name_is_the_default_model(own: Path) -> None:
    assert catalogue.load("").text == "demo"
    assert catalogue.load(" ; bos").text == "demo ; bos"


def test_an_edited_model_shares_its_original_after_other_models_were_opened(own: Path) -> None:
    for name in "abcde":
        write_checkpoint(own / name)
    catalogue.load("a ; scale h.1.mlp by 0.5")
    for name in "bcde":
        catalogue.load(name)
    original, edited = catalogue.load("a"), catalogue.load("a ; scale h.1.mlp by 0.5")
    assert edited.linear("h.0.attn.c_attn") is original.linear("h.0.attn.c_attn")
    assert edited["wte.weight"] is original["wte.weight"]
