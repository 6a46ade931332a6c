"""The only folders that are looked into: the models folder, Hugging Face's cache, and a cache of our own."""

from __future__ import annotations

import os
from pathlib import Path

from huggingface_hub import constants
from platformdirs import user_cache_path, user_data_path


def models_folder() -> Path:
    """Where a user's models lie, one folder each: `GPT2_EXCEL_MODELS`, else in the system's data folder."""
    chosen = os.environ.get("GPT2_EXCEL_MODELS")
    return Path(chosen) if chosen else user_data_path("gpt2-excel", appauthor=False) / "models"


def cache_folder() -> Path:
    """What can be made again: `GPT2_EXCEL_CACHE`, else in the system's cache folder."""
    chosen = os.environ.get("GPT2_EXCEL_CACHE")
    return Path(chosen) if chosen else user_cache_path("gpt2-excel", appauthor=False)


def snapshots(repository: str) -> list[Path]:
    """What Hugging Face's cache holds of a repository, the newest first."""
    found = Path(constants.HF_HUB_CACHE).glob(f"models--{repository.replace('/', '--')}/snapshots/*")
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
