"""The only folders that are read: the models folder, Hugging Face's cache, and a cache of our own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from udfs.backend import system

_DATA_VARIABLES = ("HOME", "XDG_DATA_HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")
_IMPORTED = Path("/data")  # where xlwings Lite, Python in a browser, puts the files that a user imports


def models_folder() -> Path:
    """The folder of the user's models, one folder each: `GPT2_EXCEL_MODELS`, or one in the system's data folder.

    In a browser it is the folder of imported files.
    """
    if chosen := os.environ.get("GPT2_EXCEL_MODELS"):
        return Path(chosen)
    if system.IN_BROWSER:
        return _IMPORTED
    return _user_data(tuple(map(os.environ.get, _DATA_VARIABLES))) / "models"


@cache
def _user_data(variables: tuple[str | None, ...]) -> Path:
    """The system's folder for our data, kept for each value of the variables that it depends on."""
    from platformdirs import user_data_path  # imported when needed, so that `import udfs` is quick

    return user_data_path("gpt2-excel", appauthor=False)


def how_to_get(download: str, folder: Path, files: Sequence[str]) -> str:
    """How a user gets a missing folder of the models folder: by `gpt2-excel download`, or in a browser by an import.

    download: the arguments of the command
    """
    if system.IN_BROWSER:
        return f"import {' and '.join(files)} as files of {folder}"
    return f"gpt2-excel download {download} fetches it"


def cache_folder() -> Path:
    """The folder of files that can be made again: `GPT2_EXCEL_CACHE`, or one in the system's cache folder."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("GPT2_EXCEL_CACHE")
    return Path(chosen) if chosen else user_cache_path("gpt2-excel", appauthor=False)


def hub_cache_folder() -> Path:
    """The folder into which `huggingface_hub` downloads.

    Computed here from the same environment variables, because importing that package takes longer than reading a
    prompt: `HF_HUB_CACHE` or the older `HUGGINGFACE_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`.
    """
    environment = os.environ
    caches = environment.get("XDG_CACHE_HOME", os.path.join("~", ".cache"))
    home = environment.get("HF_HOME", os.path.join(caches, "huggingface"))
    older = environment.get("HUGGINGFACE_HUB_CACHE", os.path.join(_expanded(home), "hub"))
    return Path(_expanded(environment.get("HF_HUB_CACHE", older)))


def snapshots(repository: str) -> list[Path]:
    """The snapshots of a repository in Hugging Face's cache, the newest first."""
    found = hub_cache_folder().glob(f"models--{repository.replace('/', '--')}/snapshots/*")
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def _expanded(path: str) -> str:
    return os.path.expandvars(os.path.expanduser(path))
