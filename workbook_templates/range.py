"""A rectangle of cells on a tab."""

from __future__ import annotations

from dataclasses import dataclass

from xlsxwriter.utility import quote_sheetname, xl_range, xl_range_abs, xl_rowcol_to_cell


@dataclass(frozen=True)
class Range:
    """A range of cells on a tab. Rows and columns are counted from 0; the last ones are included."""

    sheet: str
    row: int
    column: int
    last_row: int
    last_column: int

    @property
    def here(self) -> str:
        """Its address in formulas on the same tab, such as `C9:F12`."""
        return str(xl_range(self.row, self.column, self.last_row, self.last_column))

    @property
    def there(self) -> str:
        """Its address in formulas on other tabs, such as `'Block 5'!$C$9:$F$12`."""
        absolute = xl_range_abs(self.row, self.column, self.last_row, self.last_column)
        return f"{quote_sheetname(self.sheet)}!{absolute}"

    @property
    def first(self) -> str:
        """The address of its first cell in formulas on the same tab."""
        return str(xl_rowcol_to_cell(self.row, self.column))

    @property
    def height(self) -> int:
        return self.last_row - self.row + 1

    @property
    def width(self) -> int:
        return self.last_column - self.column + 1

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """First row, first column, last row, last column: the order in which XlsxWriter takes them."""
        return self.row, self.column, self.last_row, self.last_column

    def columns(self, first: int, count: int) -> Range:
        """A part of its columns; `first` is counted from its own first column."""
        left = self.column + first
        return Range(self.sheet, self.row, left, self.last_row, left + count - 1)

    def rows(self, first: int, count: int) -> Range:
        """A part of its rows; `first` is counted from its own first row."""
        top = self.row + first
        return Range(self.sheet, top, self.column, top + count - 1, self.last_column)
