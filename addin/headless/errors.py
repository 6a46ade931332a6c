"""The one error that a caller of this package sees."""

from __future__ import annotations


class WorkbookError(ValueError):
    """One line: what is wrong with the file, the sheet, the cell or the value that was given."""
