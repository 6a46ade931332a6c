"""Recalculates a workbook in Python, without any spreadsheet program."""

from .not_calculated import NotCalculated
from .package import WorkbookError
from .workbook import Cell, Workbook
from .writer import Contents

__all__ = ["Cell", "Contents", "NotCalculated", "Workbook", "WorkbookError"]
