"""Recalculates a workbook in Python, without any spreadsheet program."""

from .package import WorkbookError
from .workbook import Workbook
from .writer import Contents

__all__ = ["Contents", "Workbook", "WorkbookError"]
