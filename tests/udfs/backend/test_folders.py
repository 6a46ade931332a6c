"""The folders that are read are the ones into which other programs write."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from udfs.backend import folders

_VARIABLES = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME")


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"XDG_CACHE_HOME": "/caches"},
        {"HF_HOME": "~/hf"},
        {"HF_HOME": "$PLACE/hf"},
        {"HUGGINGFACE_HUB_CACHE": "/older"},
        {"HF_HUB_CACHE": "~/newer", "HUGGINGFACE_HUB_CACHE": "/older", "HF_HOME": "/home"},
    ],
    ids=lambda chosen: "+".join(chosen) or "nothing",
)
def test_the_hub_cache_is_huggingface_hubs(chosen: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in _VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PLACE", "/somewhere")
    for variable, value in chosen.items():
        monkeypatch.setenv(variable, value)
    code = "from huggingface_hub import constants; print(constants.HF_HUB_CACHE)"
    theirs = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert str(folders.hub_cache_folder()) == theirs.stdout.strip()
