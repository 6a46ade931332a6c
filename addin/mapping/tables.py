"""Tables in files: CSV, Parquet and the first rows of a workbook's sheet. A header comes first."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from addin.errors import AddinError, MissingError

if TYPE_CHECKING:
    import pyarrow

    from addin.headless import Cell

_NUMBER = re.compile(r"[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?")  # 007 is a text


@dataclass
class Table:
    """The rows of a file.

    Attributes:
        columns: the titles.
        rows: the cells as a formula sees them: numbers, texts, TRUE or FALSE; None for a blank.
        shown: the cells as they were in the file.
        arrow: a Parquet file's table, which keeps the types of its columns.
    """

    columns: list[str]
    rows: list[list[Any]]
    shown: list[list[Any]]
    arrow: pyarrow.Table | None = None


def check_suffix(path: Path, option: str) -> None:
    """Raises AddinError for a file of another kind."""
    if path.suffix.lower() not in _READERS:
        raise AddinError(f"{option} must end in {', '.join(_READERS)}, not {path.name!r}")


def read_table(path: Path, sheet: str | None = None) -> Table:
    """The table in a file; `sheet` is a workbook's sheet, by default its first.

    Raises AddinError if the file is not a table with a header of different titles, MissingError without pyarrow.
    """
    check_suffix(path, "TABLE")
    if not path.is_file():
        raise AddinError(f"TABLE: there is no file {path}")
    if sheet is not None and path.suffix.lower() != ".xlsx":
        raise AddinError(f"--sheet: only a workbook has sheets, not {path.name}")
    table = _READERS[path.suffix.lower()](path) if sheet is None else _read_xlsx(path, sheet)
    wrong = [title for title, count in Counter(table.columns).items() if count > 1 or not title.strip()]
    if wrong or not table.columns:
        fault = f"two columns called {wrong[0]!r}" if wrong and wrong[0].strip() else "a column without a title"
        raise AddinError(f"TABLE: {path.name} has {fault}: the first row must hold different titles")
    return table


def write_table(path: Path, table: Table, titles: Sequence[str], answers: Sequence[Sequence[Any]]) -> None:
    """Writes a table with further columns: for each row its cells under `titles`."""
    _WRITERS[path.suffix.lower()](path, table, titles, answers)


def _read_csv(path: Path) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, delimiter=_delimiter(path), strict=True)
            header = next(lines, [])
            shown = []
            for row in lines:
                if len(row) != len(header) and row:
                    raise AddinError(f"TABLE: line {lines.line_num} has {len(row)} cells, not {len(header)}")
                if row or len(header) == 1:  # a blank line is a blank cell of a table of one column
                    shown.append(row or [""])
    except (UnicodeDecodeError, csv.Error) as error:
        raise AddinError(f"TABLE: {path.name} is not a CSV file in UTF-8: {error}") from None
    numeric = [_is_numeric(row[column] for row in shown) for column in range(len(header))]
    rows = [[_typed(cell, number) for cell, number in zip(row, numeric, strict=True)] for row in shown]
    return Table(header, rows, shown)


def _delimiter(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _is_numeric(cells: Iterable[str]) -> bool:
    """Whether a column holds numbers and blanks only, and at least one number."""
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(_NUMBER.fullmatch(cell) for cell in filled)


def _typed(cell: str, is_number: bool) -> float | str | None:
    return (float(cell) if is_number else cell) if cell else None


def _read_parquet(path: Path) -> Table:
    pyarrow = _pyarrow()
    import pyarrow.parquet as parquet

    try:
        arrow = parquet.read_table(path)
    except pyarrow.ArrowInvalid as error:
        raise AddinError(f"TABLE: {path.name} is not a Parquet file: {error}") from None
    columns = [column.to_pylist() for column in arrow.columns]
    shown = [list(row) for row in zip(*columns, strict=True)]
    return Table(list(arrow.column_names), [[_cell(value) for value in row] for row in shown], shown, arrow)


def _cell(value: object) -> Cell:
    """A value as a cell holds it."""
    if isinstance(value, (bool, str)) or value is None:
        return value
    return float(value) if isinstance(value, (int, float)) else str(value)


def _read_xlsx(path: Path, sheet: str | None = None) -> Table:
    from addin.headless import Workbook

    book = Workbook.open(path, {})
    if sheet is not None and sheet not in book.sheet_names:
        raise AddinError(f"--sheet must be one of {', '.join(book.sheet_names)}, not {sheet!r}")
    header, *rows = book.used_values(sheet or book.sheet_names[0]) or [[]]
    while header and header[-1] is None:
        header.pop()
    rows = [row[: len(header)] for row in rows]
    titles = ["" if title is None else str(_whole(title)) for title in header]
    return Table(titles, rows, [[_whole(cell) for cell in row] for row in rows])


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _write_csv(path: Path, table: Table, titles: Sequence[str], answers: Sequence[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, delimiter=_delimiter(path))
        lines.writerow([*table.columns, *titles])
        lines.writerows([*shown, *cells] for shown, cells in zip(table.shown, answers, strict=True))


def _write_parquet(path: Path, table: Table, titles: Sequence[str], answers: Sequence[Sequence[Any]]) -> None:
    pyarrow = _pyarrow()
    import pyarrow.parquet as parquet

    arrow = table.arrow
    if arrow is None:
        columns = [[_whole(row[column]) for row in table.rows] for column in range(len(table.columns))]
        arrow = pyarrow.table(dict(zip(table.columns, map(_arrow_column, columns), strict=True)))
    for column, title in enumerate(titles):
        arrow = arrow.append_column(title, _arrow_column([cells[column] for cells in answers]))
    parquet.write_table(arrow, path)


def _arrow_column(cells: list[Any]) -> pyarrow.Array:
    """A column of numbers if all cells are numbers, otherwise of texts."""
    pyarrow = _pyarrow()
    kinds = {type(cell) for cell in cells if cell is not None}
    if len(kinds - {int, float}) == 0 and float in kinds:
        return pyarrow.array([None if cell is None else float(cell) for cell in cells], pyarrow.float64())
    if len(kinds) > 1:
        cells = [None if cell is None else str(cell) for cell in cells]
    return pyarrow.array(cells, None if kinds else pyarrow.string())


def _write_xlsx(path: Path, table: Table, titles: Sequence[str], answers: Sequence[Sequence[Any]]) -> None:
    import xlsxwriter

    from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS

    if len(table.shown) >= MAX_ROWS or len(table.columns) + len(titles) > MAX_COLUMNS:
        raise AddinError(f"--output: a sheet has {MAX_ROWS} rows and {MAX_COLUMNS} columns, too few: write .csv")
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, {"constant_memory": True, **plain}) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, [*table.columns, *titles], book.add_format({"bold": True}))
        for number, (row, cells) in enumerate(zip(table.rows, answers, strict=True), start=1):
            sheet.write_row(number, 0, [*row, *cells])


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ModuleNotFoundError:
        raise MissingError('Parquet needs pyarrow: pip install "gpt2-excel[parquet]"') from None
    return pyarrow


_READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
    ".xlsx": _read_xlsx,
}
_WRITERS: dict[str, Callable[[Path, Table, Sequence[str], Sequence[Sequence[Any]]], None]] = {
    ".csv": _write_csv,
    ".tsv": _write_csv,
    ".parquet": _write_parquet,
    ".xlsx": _write_xlsx,
}
