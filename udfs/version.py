"""The version of this package."""

from __future__ import annotations

import re

from udfs.backend.errors import quoted
from udfs.cells import CellError, cell_function
from udfs.cells import arguments as arg

VERSION = "0.2.0"  # pyproject.toml and the workbooks read it here
_KEPT_SINCE = (0, 2, 0)  # workbooks from this version on call no function whose name or arguments have changed


@cell_function
def gpt2_version(made_by: str = "") -> str:
    """The version of gpt2-excel that computes; given the version that made a workbook, one line if the two differ.

    made_by: the version that made a workbook; blank to see the version that computes

    Raises: CellError if made_by is not a version.
    Example: =GPT2_VERSION()
    """
    maker = arg.text(made_by, "made_by")
    return version_note(maker) if maker else VERSION


def version_note(made_by: str) -> str:
    """What to tell the reader of a workbook; blank if this version made it. Raises CellError if it is not a version."""
    if made_by == VERSION:
        return ""
    if _numbers(made_by) > _numbers(VERSION):
        return (
            f"gpt2-excel {made_by} made this workbook, and you have {VERSION}, which may lack functions: "
            "pip install --upgrade gpt2-excel"
        )
    change = "it works as before" if _numbers(made_by) >= _KEPT_SINCE else "some functions that it calls have changed"
    return f"gpt2-excel {made_by} made this workbook, and you have {VERSION}: {change}. gpt2-excel new makes a new one."


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if found is None:
        raise CellError(f"made_by must be a version such as {VERSION}, not {quoted(version)}")
    return tuple(map(int, found.groups()))
