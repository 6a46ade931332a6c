"""Writes a command's workbook: never half a file, and never over a file that `--output` does not name."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable
from pathlib import Path

from addin.errors import AddinError

SUFFIX = ".xlsx"
MACROS = ".xlsm"


def check_output(output: Path | None, suffix: str = SUFFIX) -> None:
    """Raises AddinError, before any work is done, if a file could not be written there."""
    if output is None:
        return
    if output.suffix.lower() != suffix:
        raise AddinError(f"--output must be a file name that ends in {suffix}, not {str(output)!r}")
    if output.is_dir():
        raise AddinError(f"--output must be a file, and {output} is a folder")
    if not output.parent.is_dir():
        raise AddinError(f"--output must be in a folder that exists, not in {output.parent}")


def write_workbook(write: Callable[[Path], object], output: Path | None, usual_name: str) -> Path:
    """Calls `write` on a temporary file, moves the file to its place, and returns that path.

    The place is `output`, which is overwritten if it exists. Without `output` it is the usual name in the current
    folder, or the first of `name-2.xlsx`, `name-3.xlsx`, ... that is free.
    """
    target = output.resolve() if output else Path.cwd() / usual_name
    draft = target.with_name(f".{target.stem}-{uuid.uuid4().hex[:8]}{target.suffix.lower()}")
    try:
        write(draft)
        return _move(draft, target) if output else _move_to_free_name(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _move(draft: Path, target: Path) -> Path:
    try:
        os.replace(draft, target)
    except PermissionError:
        raise AddinError(f"cannot write {target}: is it open in a spreadsheet program?") from None
    return target


def _move_to_free_name(draft: Path, target: Path) -> Path:
    claimed = _claim_free_name(target)
    try:
        return _move(draft, claimed)
    except BaseException:
        claimed.unlink(missing_ok=True)
        raise


def _claim_free_name(target: Path) -> Path:
    """Creates an empty file under the first free name, so that no other process can take the name."""
    numbered = (target.with_name(f"{target.stem}-{number}{target.suffix}") for number in itertools.count(2))
    for candidate in itertools.chain([target], numbered):
        try:
            candidate.touch(exist_ok=False)
        except FileExistsError:
            continue
        return candidate
    raise AssertionError("unreachable: count() is infinite")
