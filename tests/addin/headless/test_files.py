"""Files keep everything that they had, and get values that any program can show."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import xlsxwriter
from lxml import etree

from addin.headless import Workbook, WorkbookError
from addin.headless.package import serialized

Make = Callable[..., Path]
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

CELLS = {
    "A1": "one  two <three> &",
    "B2": "=TOY_SPLIT(A1)",
    "E2": "=TOY_STAIR(3,4)/8",
    "J1": "-=TOY_FAIL()",
    "J2": "-=1/0",
    "J3": "-=E2>1",
    "J4": '-=" lead, trail "',
    "J5": "-=LEFT(A1,3)",
    "J6:K7": "{=TOY_STAIR(2)}",
    "J9": '-=IF(1=1,"","x")',
    "M1": True,
    "M2": 1e-300,
}


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def formulas(path: Path) -> dict[str, tuple[str | None, ...]]:
    root = etree.fromstring(parts(path)["xl/worksheets/sheet1.xml"])
    cells = ((c, c.find(f"{MAIN}f")) for c in root.iter(f"{MAIN}c"))
    return {c.get("r"): (f.text, f.get("t"), f.get("si"), c.get("cm"), c.get("s")) for c, f in cells if f is not None}


def refs(path: Path) -> dict[str, str | None]:
    root = etree.fromstring(parts(path)["xl/worksheets/sheet1.xml"])
    return {f.getparent().get("r"): f.get("ref") for f in root.iter(f"{MAIN}f")}


@pytest.fixture
def saved(make: Make, toys: Any, tmp_path: Path) -> Path:
    book = Workbook.open(make({"S": CELLS, "Other": {"A1": "text", "B1": "=S!E2"}}), toys.functions)
    book.recalculate()
    book.save(tmp_path / "saved.xlsx")
    return tmp_path / "saved.xlsx"


def test_every_formula_is_kept(saved: Path, tmp_path: Path) -> None:
    assert formulas(saved) == formulas(tmp_path / "book.xlsx")
    assert {cell: ref for cell, ref in refs(saved).items() if ref} == {"B2": "B2:C5", "E2": "E2:H4", "J6": "J6:K7"}


def test_openpyxl_reads_the_values(saved: Path) -> None:
    sheet = openpyxl.load_workbook(saved, data_only=True)["S"]
    assert [[cell.value for cell in row] for row in sheet["B2:C5"]] == [
        ["one", 3],
        ["two", 3],
        ["<three>", 7],
        ["&", 1],
    ]
    assert [cell.value for cell in sheet["E3:H3"][0]] == [2.5, 2.625, 2.75, 2.875]
    assert sheet["J1"].value == "#GPT2! layer must be 0 to 11, not 12"
    assert [sheet[f"J{row}"].value for row in (2, 3, 4, 5)] == ["#DIV/0!", True, " lead, trail ", "one"]
    assert [sheet[f"J{row}"].data_type for row in (1, 2, 3, 4)] == ["s", "e", "b", "s"]
    assert (sheet["K7"].value, sheet["M1"].value, sheet["M2"].value) == (21, True, 1e-300)


def test_it_reads_its_own_files(saved: Path, toys: Any) -> None:
    toys.calls.clear()
    book = Workbook.open(saved, toys.functions)
    assert book.get_range("S!B2:C5") == [["one", 3], ["two", 3], ["<three>", 7], ["&", 1]]
    assert book.get("Other!B1") == 1.25
    assert not toys.calls
    assert not book.recalculate()


def test_a_saved_file_still_spills(saved: Path, toys: Any, tmp_path: Path) -> None:
    book = Workbook.open(saved, toys.functions)
    assert not book.recalculate()
    words = ["one", "two", "three", "four", "five", "six", "seven"]
    book.set("S!A1", " ".join(words))
    book.recalculate()
    assert book.get_range("S!B2:C8") == [[word, len(word)] for word in words]
    book.save(tmp_path / "again.xlsx")
    again = Workbook.open(tmp_path / "again.xlsx", toys.functions)
    assert again.get_range("S!A1:M20") == book.get_range("S!A1:M20")
    assert not again.recalculate()


@pytest.fixture
def values(saved: Path, toys: Any, tmp_path: Path) -> Path:
    Workbook.open(saved, toys.functions).save(tmp_path / "values.xlsx", "values")
    return tmp_path / "values.xlsx"


def test_a_file_of_values_has_no_formulas(saved: Path, values: Path) -> None:
    assert formulas(values) == {}
    ranges = [Workbook.open(path, {}).get_range("S!A1:M20") for path in (saved, values)]
    assert ranges[0] == ranges[1]


def test_a_file_of_formulas_has_no_values(saved: Path, toys: Any, tmp_path: Path) -> None:
    """The program computes them when it opens the file."""
    Workbook.open(saved, toys.functions).save(tmp_path / "formulas.xlsx", "formulas")
    sheet = parts(tmp_path / "formulas.xlsx")["xl/worksheets/sheet1.xml"]
    assert formulas(tmp_path / "formulas.xlsx") == formulas(saved)
    assert re.findall(rb'<c r="(\w+)"[^>]*>(?:<f[^>]*>[^<]*</f>)?<v', sheet) == [b"A1", b"M1", b"M2"]
    assert b'fullCalcOnLoad="1"' in parts(tmp_path / "formulas.xlsx")["xl/workbook.xml"]
    again = Workbook.open(tmp_path / "formulas.xlsx", toys.functions)
    again.recalculate()
    assert again.get_range("S!A1:M20") == Workbook.open(saved, toys.functions).get_range("S!A1:M20")


def test_blanks_in_a_spill_are_cells(make: Make, toys: Any, tmp_path: Path) -> None:
    """A program may fill cells that a file leaves out with their neighbours."""
    book = Workbook.open(make({"S": {"A1": '=TOY_REST("blank")', "D5": "=TOY_STAIR(2)"}}), toys.functions)
    book.recalculate()
    book.save(tmp_path / "saved.xlsx")
    sheet = parts(tmp_path / "saved.xlsx")["xl/worksheets/sheet1.xml"]
    assert re.findall(rb'<c r="(\w+)"', sheet) == [b"A1", b"B1", b"A2", b"B2", b"D5", b"E5", b"D6", b"E6"]
    assert Workbook.open(tmp_path / "saved.xlsx", {}).get_range("S!A1:B2") == [[1, None], [None, 2]]


def test_charts_hold_the_values(make: Make, toys: Any, tmp_path: Path) -> None:
    path = tmp_path / "chart.xlsx"
    with xlsxwriter.Workbook(path, {"use_future_functions": True}) as made:
        sheet = made.add_worksheet("My sheet")
        sheet.write_string("A1", "a\x01")
        sheet.write_dynamic_array_formula("B2", "=TOY_STAIR(2,1)", None, "")
        sheet.write_dynamic_array_formula("B4", '=TOY_SPLIT("x")', None, "")
        chart = made.add_chart({"type": "column"})
        chart.add_series(
            {"name": "='My sheet'!$A$1", "categories": "='My sheet'!$B$2:$B$4", "values": "='My sheet'!$B$2:$B$5"}
        )
        sheet.insert_chart("H2", chart)
    book = Workbook.open(path, toys.functions)
    book.recalculate()
    book.save(tmp_path / "saved.xlsx")
    chart = parts(tmp_path / "saved.xlsx")["xl/charts/chart1.xml"].decode()
    points = re.findall(r'<c:(\w+)Cache>.*?<c:ptCount val="(\d+)"/>(.*?)</c:\1Cache>', chart)
    found = [(kind, count, re.findall(r'idx="(\d+)"><c:v>([^<]*)<', text)) for kind, count, text in points]
    assert found[0] == ("str", "1", [("0", "a_x0001_")])
    assert found[1][2] == [("0", "10"), ("1", "20"), ("2", "x")]
    assert found[2] == ("num", "4", [("0", "10"), ("1", "20")])


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_shows_the_values(values: Path, tmp_path: Path) -> None:
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "csv", "--outdir", str(tmp_path), str(values)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    rows = list(csv.reader((tmp_path / "values.csv").read_text(encoding="utf-8").splitlines()))
    assert [row[1:3] for row in rows[1:5]] == [["one", "3"], ["two", "3"], ["<three>", "7"], ["&", "1"]]
    assert rows[2][4:8] == ["2.5", "2.625", "2.75", "2.875"]
    assert [rows[row][9] for row in range(5)] == [
        "#GPT2! layer must be 0 to 11, not 12",
        "#DIV/0!",
        "TRUE",
        " lead, trail ",
        "one",
    ]
    assert len(rows) == 7, "an empty text is a blank cell"


def test_everything_else_is_untouched(tmp_path: Path, toys: Any) -> None:
    path, target = tmp_path / "rich.xlsx", tmp_path / "target.xlsx"
    book = xlsxwriter.Workbook(str(path), {"use_future_functions": True})
    sheet, plain = book.add_worksheet("S"), book.add_worksheet("No formulas")
    red = book.add_format({"bg_color": "red", "num_format": "0.000"})
    sheet.set_column("B:D", 17.5, red)
    sheet.set_row(8, 33, red)
    sheet.freeze_panes(1, 1)
    sheet.write_dynamic_array_formula("B2:C3", "=TOY_STAIR(4,3)", red)
    sheet.write_blank("F2", None, red)
    sheet.conditional_format("B2:D9", {"type": "2_color_scale"})
    sheet.data_validation("A1", {"validate": "list", "source": ["a", "b"]})
    sheet.write_comment("A1", "a comment")
    sheet.write_url("A2", "internal:'No formulas'!A1", string="there")
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=S!$B$2:$B$5"})
    sheet.insert_chart("H2", chart)
    plain.write("A1", 5)
    book.define_name("start", "=S!$A$1")
    book.close()
    opened = Workbook.open(path, toys.functions)
    opened.recalculate()
    opened.save(target)
    before, after = parts(path), parts(target)
    assert list(before) == list(after)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/charts/chart1.xml"}
    outside = [
        re.sub(rb"(?s)<sheetData>.*</sheetData>|<\?xml.*?\?>\s*", b"", x["xl/worksheets/sheet1.xml"])
        for x in (before, after)
    ]
    assert outside[0] == outside[1]
    assert b'<definedName name="start">S!$A$1</definedName>' in after["xl/workbook.xml"]
    cells = openpyxl.load_workbook(target)["S"]
    assert [cells[c].number_format for c in ("B2", "C3", "D5", "F2")] == ["0.000"] * 4, (
        "cells new to the file take their column's style"
    )
    assert cells["E2"].number_format == "General"
    assert cells["A2"].hyperlink.location == "'No formulas'!A1"
    assert cells.row_dimensions[9].height == 33


def test_values_survive_a_program_that_would_recalculate(saved: Path) -> None:
    text = parts(saved)["xl/workbook.xml"].decode()
    assert "fullCalcOnLoad" not in text
    assert re.search(r'calcId="(\d+)"', text)[1] == "191029"  # type: ignore[index]


def test_a_spill_that_shrank_leaves_no_old_values(make: Make, toys: Any, tmp_path: Path) -> None:
    first, second = tmp_path / "first.xlsx", tmp_path / "second.xlsx"
    book = Workbook.open(make({"S": {"A1": 4, "C1": "=TOY_STAIR(A1)", "C9": "below"}}), toys.functions)
    book.recalculate()
    book.save(first)
    book = Workbook.open(first, toys.functions)
    book.set("S!A1", 2)
    book.recalculate()
    book.save(second)
    sheet = openpyxl.load_workbook(second, data_only=True)["S"]
    assert [sheet[f"D{row}"].value for row in range(1, 6)] == [11, 21, None, None, None]
    assert sheet["C9"].value == "below"
    assert refs(second)["C1"] == "C1:D2"


def test_a_value_in_place_of_a_formula_survives_the_file(make: Make, toys: Any, tmp_path: Path) -> None:
    target = tmp_path / "typed.xlsx"
    book = Workbook.open(make({"S": {"A1": "=TOY_STAIR(3)", "D1": "=SUM(A1:B3)"}}), toys.functions)
    book.recalculate()
    book.set("S!A1", 1)
    book.recalculate()
    book.save(target)
    again = Workbook.open(target, toys.functions)
    assert not again.recalculate()
    assert again.get_range("S!A1:D2") == [[1, None, None, 1], [None] * 4]
    assert "A1" not in formulas(target)


def test_typed_values_of_every_kind(make: Make, toys: Any, tmp_path: Path) -> None:
    values = [
        "=no formula",
        " spaces ",
        "line\nend\r\n",
        "a\x00\x1fb",
        "_x0041_",
        "<&>\"'",
        "😀 \ud83d",
        True,
        False,
        -0.5,
        3,
        "x" * 32_767,
    ]
    book = Workbook.open(make({"S": {"A1": 1, "B1": "=A1"}}), toys.functions)
    for row, value in enumerate(values, 1):
        book.set(f"S!C{row}", value)
    book.recalculate()
    book.save(tmp_path / "typed.xlsx")
    again = Workbook.open(tmp_path / "typed.xlsx", toys.functions)
    assert [again.get(f"S!C{row}") for row in range(1, len(values) + 1)] == values
    assert openpyxl.load_workbook(tmp_path / "typed.xlsx")["S"]["C1"].data_type == "s"


def test_the_source_may_be_the_target(make: Make, toys: Any) -> None:
    path = make({"S": CELLS})
    for _ in range(2):
        book = Workbook.open(path, toys.functions)
        book.recalculate()
        book.save(path)
    assert not Workbook.open(path, toys.functions).recalculate()


def test_saving_twice(make: Make, toys: Any, tmp_path: Path) -> None:
    book = Workbook.open(make({"S": {"A1": 3, "C1": "=TOY_STAIR(A1)"}}), toys.functions)
    book.recalculate()
    book.save(tmp_path / "a.xlsx")
    book.set("S!A1", 1)
    book.recalculate()
    book.save(tmp_path / "b.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx", data_only=True)["S"]
    assert [sheet[f"C{row}"].value for row in (1, 2, 3)] == [10, None, None]


def test_the_same_workbook_gives_the_same_file(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = Workbook.open(make({"S": CELLS}), {})
    book.save(tmp_path / "now.xlsx")
    monkeypatch.setattr("time.time", lambda: 2e9)
    book.save(tmp_path / "later.xlsx")
    assert (tmp_path / "now.xlsx").read_bytes() == (tmp_path / "later.xlsx").read_bytes()


def test_a_small_file_is_the_smaller_one(make: Make, tmp_path: Path) -> None:
    book = Workbook.open(make({"S": {f"A{row}": row * row / 7 for row in range(1, 500)}}), {})
    book.save(tmp_path / "usual.xlsx")
    book.save(tmp_path / "small.xlsx", small=True)
    assert parts(tmp_path / "small.xlsx") == parts(tmp_path / "usual.xlsx")
    assert (tmp_path / "small.xlsx").stat().st_size < (tmp_path / "usual.xlsx").stat().st_size


def test_large_spills_are_exact(make: Make, tmp_path: Path) -> None:
    grid = np.random.default_rng(0).normal(size=(300, 600)).astype(np.float32)
    book = Workbook.open(make({"S": {"A1": "=BIG()"}}), {"BIG": lambda: grid})
    book.recalculate()
    book.save(tmp_path / "big.xlsx")
    again = Workbook.open(tmp_path / "big.xlsx", {})
    assert again.get_range("S!A1:WB300") == grid.astype(float).tolist()


def test_an_interrupted_write(saved: Path, toys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    book, before = Workbook.open(saved, toys.functions), sorted(tmp_path.iterdir())
    monkeypatch.setattr(zipfile.ZipFile, "writestr", stop)
    with pytest.raises(KeyboardInterrupt):
        book.save(tmp_path / "new.xlsx")
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_cannot_be_written(saved: Path, toys: Any, tmp_path: Path) -> None:
    book = Workbook.open(saved, toys.functions)
    with pytest.raises(WorkbookError, match="cannot be written"):
        book.save(tmp_path / "no such folder" / "x.xlsx")


def test_serialized_parts_have_an_xml_declaration() -> None:
    assert serialized(etree.fromstring("<a/>")).startswith(b"<?xml version=")


def test_names_of_parts_may_differ_in_case(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make({"S": {"A1": "text", "B1": "=A1"}})
    other = tmp_path / "untidy.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for info in source.infolist():
            target.writestr(info.filename.replace("worksheets/sheet1", "Worksheets/Sheet1").upper(), source.read(info))
    book = Workbook.open(other)
    book.recalculate()
    assert book.get("S!B1") == "text"
    book.save(tmp_path / "saved.xlsx")
    again = Workbook.open(tmp_path / "saved.xlsx")
    assert again.get("S!B1") == "text"
