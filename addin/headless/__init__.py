"""Recalculates a workbook in Python, without any spreadsheet program."""

from .not_calculated import NotCalculated
from .package import WorkbookError
from .workbook import Workbook
from .writer import Contents

__all__ = ["Contents", "NotCalculated", "Workbook", "WorkbookError"]
