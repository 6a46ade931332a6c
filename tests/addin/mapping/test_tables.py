"""Tables in CSV files, Parquet files and workbooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from addin.errors import AddinError
from addin.headless import Workbook
from addin.mapping.tables import read_table, write_table

LINES = 'id,text,n,code,"a ""b"""\n1,Hello there,0.50,007,\n2,"a,b\nc",,12,x\n-3,=1+1,1e3,0,y\n'


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(LINES, encoding="utf-8-sig")
    return path


def test_a_column_of_numbers_is_read_as_numbers_and_written_as_it_was(csv: Path, tmp_path: Path) -> None:
    table = read_table(csv)
    assert table.columns == ["id", "text", "n", "code", 'a "b"']
    assert table.rows == [
        [1.0, "Hello there", 0.5, "007", None],
        [2.0, "a,b\nc", None, "12", "x"],
        [-3.0, "=1+1", 1000.0, "0", "y"],
    ]
    write_table(tmp_path / "out.csv", table, ["more"], [[1.5], [None], ["é"]])
    expected = 'id,text,n,code,"a ""b""",more\n1,Hello there,0.50,007,,1.5\n2,"a,b\nc",,12,x,\n-3,=1+1,1e3,0,y,é\n'
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").replace("\r\n", "\n") == expected


def test_a_blank_line_of_a_table_of_one_column_is_a_blank_cell(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\na\n\nb\n")
    assert read_table(tmp_path / "in.csv").rows == [["a"], [None], ["b"]]
    (tmp_path / "two.csv").write_text("text,n\na,1\n\nb,2\n")
    assert read_table(tmp_path / "two.csv").rows == [["a", 1.0], ["b", 2.0]]


def test_parquet_keeps_its_types(csv: Path, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra parquet)")
    parquet = pytest.importorskip("pyarrow.parquet")
    write_table(
        tmp_path / "a.parquet", read_table(csv), ["x", "none", "mixed"], [[1, None, 1], [2.5, None, "a"], [None] * 3]
    )
    schema = parquet.read_schema(tmp_path / "a.parquet")
    assert [str(kind) for kind in schema.types] == [
        "int64",
        "string",
        "double",
        *["string"] * 2,
        "double",
        *["string"] * 2,
    ]
    table = pyarrow.table({"t": ["a", "b"], "day": pyarrow.array([0, 1], pyarrow.date32()), "b": [True, None]})
    parquet.write_table(table, tmp_path / "in.parquet")
    read = read_table(tmp_path / "in.parquet")
    assert read.rows == [["a", "1970-01-01", True], ["b", "1970-01-02", None]]
    write_table(tmp_path / "out.parquet", read, ["n"], [[1], [2]])
    assert parquet.read_table(tmp_path / "out.parquet").drop(["n"]).equals(table)


def test_a_workbooks_column(csv: Path, tmp_path: Path) -> None:
    write_table(tmp_path / "a.xlsx", read_table(csv), ["more"], [[1.5], [None], ["=2"]])
    book = Workbook.open(tmp_path / "a.xlsx")
    assert book.used_values("Sheet1")[1:] == [
        [1.0, "Hello there", 0.5, "007", None, 1.5],
        [2.0, "a,b\nc", None, "12", "x", None],
        [-3.0, "=1+1", 1000.0, "0", "y", "=2"],
    ]
    again = read_table(tmp_path / "a.xlsx", "Sheet1")
    assert again.columns == ["id", "text", "n", "code", 'a "b"', "more"]
    assert again.rows[2] == [-3.0, "=1+1", 1000.0, "0", "y", "=2"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "TABLE must end in .csv, .tsv, .parquet, .xlsx, not 'a.txt'"),
        ("a.csv", b"", "TABLE: a.csv has a column without a title: the first row must hold different titles"),
        ("a.csv", b"a,a\n1,2\n", "TABLE: a.csv has two columns called 'a': the first row must hold different titles"),
        ("a.csv", b"a,b\n1,2\n1\n", "TABLE: line 3 has 1 cells, not 2"),
        ("a.csv", b"a\n\xff\n", "TABLE: a.csv is not a CSV file in UTF-8: "),
        ("a.csv", b'a\n"x\n', "TABLE: a.csv is not a CSV file in UTF-8: "),
        ("b.csv", None, "TABLE: there is no file "),
    ],
)
def test_what_is_no_table_is_one_line(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AddinError) as error:
        read_table(tmp_path / name)
    assert str(error.value).startswith(message)


def test_a_damaged_parquet_file_is_one_line(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra parquet)")
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(AddinError, match=r"^TABLE: a\.parquet is not a Parquet file: "):
        read_table(tmp_path / "a.parquet")


def test_a_sheet_that_is_missing_is_one_line(csv: Path, tmp_path: Path) -> None:
    cells: list[list[Any]] = [[1], [2], [3]]
    write_table(tmp_path / "a.xlsx", read_table(csv), ["more"], cells)
    with pytest.raises(AddinError, match=r"^--sheet must be one of Sheet1, not 'Other'$"):
        read_table(tmp_path / "a.xlsx", "Other")
    with pytest.raises(AddinError, match=r"^--sheet: only a workbook has sheets, not in\.csv$"):
        read_table(csv, "Sheet1")
