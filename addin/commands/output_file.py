"""Where a command's workbook goes: never half-written, and never over a file that was not named for it."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable
from pathlib import Path

from addin.commands.problems import Problem

SUFFIX = ".xlsx"
MACROS = ".xlsm"


def check_output(output: Path | None, suffix: str = SUFFIX) -> None:
    """Problem where a file could not be written there, said before any work is done."""
    if output is None:
        return
    if output.suffix.lower() != suffix:
        raise Problem(f"--output must be a file name that ends in {suffix}, not {str(output)!r}")
    if output.is_dir():
        raise Problem(f"--output must be a file, and {output} is a folder")
    if not output.parent.is_dir():
        raise Problem(f"--output must lie in a folder that exists, not in {output.parent}")


def write_workbook(write: Callable[[Path], object], output: Path | None, usual_name: str) -> Path:
    """Lets `write` make a file and puts it in its place; the place.

    That is `output`, written over where it exists; without one it is the usual name in the current folder, or the
    first of `name-2.xlsx`, `name-3.xlsx`, ... that is free.
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
        raise Problem(f"cannot write {target}: is it open in a spreadsheet program?") from None
    return target


def _move_to_free_name(draft: Path, target: Path) -> Path:
    claimed = _claim_free_name(target)
    try:
        return _move(draft, claimed)
    except BaseException:
        claimed.unlink(missing_ok=True)
        raise


def _claim_free_name(target: Path) -> Path:
    """Makes an empty file of that name, so that no other process takes the name as well."""
    numbered = (target.with_name(f"{target.stem}-{number}{target.suffix}") for number in itertools.count(2))
    for candidate in itertools.chain([target], numbered):
        try:
            candidate.touch(exist_ok=False)
        except FileExistsError:
            continue
        return candidate
    raise AssertionError("names do not run out")
