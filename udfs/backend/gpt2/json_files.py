"""JSON files beside a checkpoint, with a limit on their size and nesting."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from udfs.backend import bounded_json
from udfs.backend.errors import ModelError


def read_object(path: Path, most_bytes: int) -> Mapping[str, Any]:
    """The object in a JSON file. Raises ModelError if the file is missing, too large, or not a JSON object."""
    values = _loads(path, _read(path, most_bytes))
    if not isinstance(values, dict):
        raise ModelError(f"{path.name} must hold a JSON object, not {type(values).__name__}")
    return values


def read_text(path: Path, most_bytes: int) -> str:
    """The text of a UTF-8 file. Raises ModelError if the file is missing or too large."""
    try:
        return _read(path, most_bytes).decode()
    except UnicodeDecodeError:
        raise ModelError(f"{_described(path)} cannot be read: it must be UTF-8") from None


def _read(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise ModelError(f"{_described(path)} cannot be read: {error.strerror}") from None
    if len(content) > most_bytes:
        raise ModelError(f"{_described(path)} must have at most {most_bytes} bytes")
    return content


def _loads(path: Path, content: bytes) -> object:
    try:
        return bounded_json.loads(content)
    except ValueError as error:
        raise ModelError(f"{_described(path)} cannot be read: {error}") from None


def _described(path: Path) -> str:
    return f"{path.name} of {path.parent.name}"
