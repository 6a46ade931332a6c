"""Tables of numbers, written into a workbook's file as a stream.

XlsxWriter keeps every cell in memory. So it writes only the first number of each row, and `NumberTables.write` adds
the others, in the same format, while it copies the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import orjson
from numpy.typing import NDArray
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

Numbers: TypeAlias = NDArray[Any]  # [rows, columns], whole numbers or finite ones
Progress: TypeAlias = Callable[[int, int], object]  # numbers written so far, and all of them

_LEVEL = 7  # whole numbers then take 1.5 bytes each; level 6 takes 1.6 bytes and two thirds of the time, level 8 twice
_END = b"</c>"
_DIMENSION = b'<dimension ref="'


@dataclass(frozen=True)
class _Table:
    row: int
    column: int
    numbers: Numbers


class NumberTables:
    """The tables of a workbook that is being written."""

    def __init__(self) -> None:
        self._tables: dict[int, list[_Table]] = {}  # by the number of the worksheet

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return sum(table.numbers.size for tables in self._tables.values() for table in tables)

    def add(self, sheet: Worksheet, row: int, column: int, numbers: Numbers, cell_format: Format | None = None) -> None:
        """Adds a table below the others of its worksheet. Only its first column is written at once."""
        for offset, first in enumerate(numbers[:, 0].tolist()):
            sheet.write_number(row + offset, column, first, cell_format)
        self._tables.setdefault(sheet.index, []).append(_Table(row, column, numbers))

    def write(self, source: IO[bytes], target: Path, progress: Progress = lambda done, total: None) -> None:
        """Copies XlsxWriter's file and adds the numbers of all tables."""
        parts = {f"xl/worksheets/sheet{index + 1}.xml": tables for index, tables in self._tables.items()}
        done, total = 0, self.count
        with ZipFile(source) as old, ZipFile(target, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as new:
            for info in old.infolist():
                if info.filename not in parts:
                    part = ZipInfo(info.filename, info.date_time)
                    new.writestr(part, old.read(info), ZIP_DEFLATED, _LEVEL)
                    continue
                with new.open(info.filename, "w", force_zip64=True) as out:
                    for piece, numbers in _with_numbers(old.read(info), parts[info.filename]):
                        out.write(piece)
                        done += numbers
                        progress(done, total)


def _with_numbers(sheet: bytes, tables: Sequence[_Table]) -> Iterator[tuple[bytes, int]]:
    """The XML of a worksheet with the numbers of its tables, in pieces, and how many numbers each piece has."""
    start = sheet.index(_DIMENSION) + len(_DIMENSION)
    written = sheet.index(b'"', start)
    yield sheet[:start] + _dimension(sheet[start:written].decode(), tables).encode(), 0
    for table in tables:
        for offset, row in enumerate(table.numbers):
            address = xl_rowcol_to_cell(table.row + offset, table.column)
            start = sheet.index(b'<c r="%s"' % address.encode(), written)
            end = sheet.index(_END, start) + len(_END)
            own = sheet[start : sheet.index(b">", start)].partition(b'" ')[2]  # its format, such as s="12"
            yield sheet[written:end] + _cells(row[1:], own), len(row)
            written = end
    yield sheet[written:], 0


def _dimension(used: str, tables: Sequence[_Table]) -> str:
    """The used range of a worksheet, from its first cell, with all numbers of its tables."""
    row, column = xl_cell_to_rowcol(used.rpartition(":")[2])
    last_row = max(row, *(table.row + len(table.numbers) - 1 for table in tables))
    last_column = max(column, *(table.column + table.numbers.shape[1] - 1 for table in tables))
    return f"{used.partition(':')[0]}:{xl_rowcol_to_cell(last_row, last_column)}"


def _cells(numbers: Numbers, attributes: bytes) -> bytes:
    """Cells without addresses: each follows the one before it (ECMA-376, 18.3.1.4)."""
    start = b"<c %s><v>" % attributes if attributes else b"<c><v>"
    exact = numbers if numbers.dtype.kind == "i" else numbers.astype(np.float64)  # orjson would shorten a float32
    texts = orjson.dumps(np.ascontiguousarray(exact), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
    return start + texts.replace(b",", b"</v></c>" + start) + b"</v></c>" if texts else b""
