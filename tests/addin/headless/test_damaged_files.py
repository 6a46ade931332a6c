"""Files that are damaged, hostile or no workbooks give one line each."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from addin.headless import Workbook, WorkbookError
from tests.addin.headless.test_files import CELLS

Make = Callable[..., Path]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no zip at all", "not an .xlsx workbook"),
        (b"", "not an .xlsx workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "password"),
    ],
)
def test_files_that_are_not_workbooks(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "bad.xlsx"
    path.write_bytes(content)
    with pytest.raises(WorkbookError, match=says) as error:
        Workbook.open(path, {})
    assert "\n" not in str(error.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match="no such file"):
        Workbook.open(tmp_path / "none.xlsx", {})


def test_another_kind_of_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as archive:
        archive.writestr("content.xml", "<x/>")
    with pytest.raises(WorkbookError, match=r"not an \.xlsx"):
        Workbook.open(tmp_path / "other.xlsx", {})


def test_damaged_files(make: Make, tmp_path: Path) -> None:
    whole = make({"S": CELLS}).read_bytes()
    for size in range(10, len(whole), 400):
        (tmp_path / "cut.xlsx").write_bytes(whole[:size])
        with pytest.raises(WorkbookError):
            Workbook.open(tmp_path / "cut.xlsx", {})


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml"])
def test_damaged_parts(make: Make, edit_parts: Callable[..., Path], part: str) -> None:
    path = edit_parts(make({"S": CELLS}), part, ("<", "<<"))
    with pytest.raises(WorkbookError, match="damaged"):
        Workbook.open(path, {})


@pytest.mark.parametrize(
    ("old", "new"), [('t="s"><v>0</v>', 't="s"><v>99</v>'), ('<row r="1"', '<row r="one"'), ('r="E2"', 'r="1.5"')]
)
def test_a_damaged_cell(make: Make, edit_parts: Callable[..., Path], old: str, new: str) -> None:
    path = edit_parts(make({"S": CELLS}), "xl/worksheets/sheet1.xml", (old, new))
    with pytest.raises(WorkbookError, match="damaged"):
        Workbook.open(path, {})


@pytest.mark.parametrize(
    ("part", "pairs"),
    [
        ("xl/worksheets/sheet1.xml", [("<sheetData>", "<sheetData>" + "<row>" * 50_000)]),
        ("xl/worksheets/sheet1.xml", [('<row r="1"', '<row r="99999999999"')]),
        ("xl/worksheets/sheet1.xml", [('<c r="A1"', '<c r="ZZZZZZ1"')]),
        ("xl/worksheets/sheet1.xml", [('ref="A1:B1"', 'ref="A1:XFD1048576"')]),
        ("xl/sharedStrings.xml", [("<si>", "<si>" + "<r>" * 50_000)]),
        ("xl/workbook.xml", [("<sheets>", "<sheets>" * 50_000)]),
    ],
)
def test_hostile_parts_are_one_line(
    make: Callable[..., Path], edit_parts: Callable[..., Path], part: str, pairs: list[tuple[str, str]]
) -> None:
    path = make({"S": {"A1:B1": "=1+{1,2}", "A2": "text"}})
    edit_parts(path, part, *pairs)
    with pytest.raises(WorkbookError) as raised:
        Workbook.open(path)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 200


def test_a_zip_that_unpacks_to_too_much_is_refused(make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = make({"S": {"A1": 1}})
    monkeypatch.setattr("addin.headless.package.MAX_UNPACKED", 10_000)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/x.bin", bytes(10_000))
    with pytest.raises(WorkbookError, match="unpacks to more than"):
        Workbook.open(path)


@pytest.mark.parametrize("formula", ["(" * 3000 + "1" + ")" * 3000, "-" * 8000 + "1", "SUM(" * 2000 + "1" + ")" * 2000])
def test_a_deeply_nested_formula_keeps_its_value(
    make: Callable[..., Path], edit_parts: Callable[..., Path], formula: str
) -> None:
    path = make({"S": {"A1": "-=1+1", "A2": "-=2+2"}})
    edit_parts(path, "xl/worksheets/sheet1.xml", ("<f>1+1</f><v>0</v>", f"<f>{formula}</f><v>42</v>"))
    book = Workbook.open(path)
    book.recalculate()
    assert (book.get("S!A1"), book.get("S!A2")) == (42.0, 4.0)
