"""What this host cannot calculate as Excel would keeps the value of the file, and so does everything behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from addin.headless import Workbook, WorkbookError

Make = Callable[..., Path]
EditParts = Callable[..., Path]
SHEET = "xl/worksheets/sheet1.xml"


def stored(tmp_path: Path, formulas: dict[str, tuple[str, Any]], **cells: Any) -> Path:
    """A workbook of plain formulas with the values that the file has for them."""
    path = tmp_path / "stored.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("S")
    for place, content in cells.items():
        sheet.write(place, content)
    for place, (formula, value) in formulas.items():
        sheet.write_formula(place, formula, value=value)
    book.add_worksheet("T").write("A1", 7)
    book.close()
    return path


@pytest.mark.parametrize(
    ("formula", "feature"),
    [
        ("=OFFSET(A1,0,0)", "OFFSET"),
        ('=INDIRECT("A1")', "INDIRECT"),
        ("=SUBTOTAL(9,A1:A3)", "SUBTOTAL"),
        ("=SUM(S:T!A1)", "a reference to several sheets"),
        ("=SUM('S:T'!A1)", "a reference to several sheets"),
        ("=[1]Other!A1", "a reference to another file"),
        ("=SUM('[1]Other'!A1:A3)+1", "a reference to another file"),
        ("=[1]!rate", "a reference to another file"),
        ("=SUM(Sales[price])", "a table reference"),
        ("=SUM(A1:OFFSET(A1,1,0))", "a range that begins or ends with OFFSET"),
        ("=SUM((A1,A3))", "the union of ranges"),
        ("=SUM(A1:A3 A2:A4)", "the intersection of ranges"),
        ('=VALUE("1/2/2024")', "a date written as text"),
        ('=TEXT(0.5,"# ?/?")', "this number format of TEXT"),
        ("=MATCH(2,{3,1,2})", "a search for the nearest value in cells that are not sorted"),
        ("=FORECAST.ETS(1,A1:A3,A1:A3)", "FORECAST.ETS"),
        ("=1+(", "a formula that cannot be read"),
    ],
)
def test_it_keeps_its_value(tmp_path: Path, formula: str, feature: str) -> None:
    path = stored(tmp_path, {"B1": (formula, 42), "B2": ("=B1*2", 84), "B3": ("=A1*2", 0)}, A1=1, A2=2, A3=3)
    book = Workbook.open(path)
    book.set("S!A1", 5)
    book.recalculate()
    assert [book.get(f"S!B{row}") for row in (1, 2, 3)] == [42.0, 84.0, 10.0]
    (entry,) = book.not_calculated
    assert (entry.feature, entry.cell, entry.formulas) == (feature, "S!B1", 2)
    book.save(tmp_path / "saved.xlsx")
    saved = openpyxl.load_workbook(tmp_path / "saved.xlsx", data_only=True)["S"]
    assert [saved[f"B{row}"].value for row in (1, 2, 3)] == [42, 84, 10]


def test_only_the_branch_that_counts_matters(tmp_path: Path) -> None:
    path = stored(tmp_path, {"B1": ("=IF(A1>0,OFFSET(A1,0,0),-1)", 42), "B2": ("=B1+1", 43)}, A1=1)
    book = Workbook.open(path)
    book.recalculate()
    assert (book.get("S!B2"), len(book.not_calculated)) == (43.0, 1)
    book.set("S!A1", -5)
    book.recalculate()
    assert (book.get("S!B1"), book.get("S!B2"), book.not_calculated) == (-1.0, 0.0, [])


def test_a_constant_in_its_place_frees_what_depends_on_it(tmp_path: Path) -> None:
    path = stored(tmp_path, {"B1": ("=OFFSET(A1,0,0)", 42), "B2": ("=B1+1", 43)}, A1=1)
    book = Workbook.open(path)
    book.recalculate()
    book.set("S!B1", 9)
    book.recalculate()
    assert (book.get("S!B2"), book.not_calculated) == (10.0, [])


def test_a_formula_without_a_value_in_the_file_stays_without_one(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    book = openpyxl.Workbook()
    book.active["A1"] = "=OFFSET(B1,0,0)"
    book.save(path)
    headless = Workbook.open(path)
    headless.recalculate()
    headless.save(tmp_path / "saved.xlsx")
    assert openpyxl.load_workbook(tmp_path / "saved.xlsx", data_only=True).active["A1"].value is None
    assert openpyxl.load_workbook(tmp_path / "saved.xlsx").active["A1"].value == "=OFFSET(B1,0,0)"


def test_dates_of_the_1904_system(make: Make, edit_parts: EditParts) -> None:
    path = make({"S": {"A1": "=YEAR(1)", "A2": "=1+1"}})
    edit_parts(path, "xl/workbook.xml", ("<workbookPr ", '<workbookPr date1904="1" '))
    book = Workbook.open(path)
    book.recalculate()
    assert book.get("S!A2") == 2.0
    assert [entry.feature for entry in book.not_calculated] == ["YEAR in the 1904 date system"]


@pytest.mark.parametrize(("is_1904", "expected"), [(False, 40544.5), (True, 39082.5)])
@pytest.mark.parametrize("zone", ["", "Z", "+02:00"])
def test_a_cell_may_hold_a_date(make: Make, edit_parts: EditParts, zone: str, is_1904: bool, expected: float) -> None:
    path = make({"S": {"A1": 1, "B1": "=A1+1"}})
    edit_parts(path, SHEET, ('<c r="A1"><v>1</v></c>', f'<c r="A1" t="d"><v>2011-01-01T12:00:00{zone}</v></c>'))
    if is_1904:
        edit_parts(path, "xl/workbook.xml", ("<workbookPr ", '<workbookPr date1904="1" '))
    book = Workbook.open(path)
    book.recalculate()
    assert book.get("S!B1") == expected + 1


def test_a_what_if_table_keeps_its_values(make: Make, edit_parts: EditParts) -> None:
    path = make({"S": {"A1": 1, "B1": "-=A1*2", "C2": 10, "C3": 20, "D1": "-=SUM(C2:C3)"}})
    edit_parts(path, SHEET, ('<c r="C2">', '<c r="C2"><f t="dataTable" ref="C2:C3" dt2D="0" dtr="0" r1="A1"/>'))
    book = Workbook.open(path)
    book.set("S!A1", 5)
    book.recalculate()
    assert (book.get("S!B1"), book.get("S!C2"), book.get("S!C3")) == (10.0, 10.0, 20.0)
    (entry,) = book.not_calculated
    assert (entry.feature, entry.cell, entry.formulas) == ("a data table", "S!C2", 2)


def test_names_move_with_the_cell(make: Make) -> None:
    names = {"left": "=S!A1", "up_left": "=S!XFD1048576", "fixed": "=S!$A$1", "total": "=SUM(S!$A1:$B1)"}
    cells = {"A1": 1, "A2": 2, "B1": "-=left", "C3": "-=up_left+fixed", "D2": "-=total", "B2": 5}
    # The file has names as the cell A1 sees them.
    names["left"] = "=S!XFD1"
    book = Workbook.open(make({"S": cells}, names))
    book.recalculate()
    assert [book.get(f"S!{cell}") for cell in ("B1", "C3", "D2")] == [1.0, 6.0, 7.0]
    book.set("S!A1", 3)
    book.recalculate()
    assert (book.get("S!B1"), book.get("S!C3")) == (3.0, 8.0)


def test_a_shared_formula_that_leaves_the_sheet(make: Make, edit_parts: EditParts) -> None:
    path = make({"S": {"B2": "-=A1+1", "A1": 1, "A3": 0}})
    edit_parts(
        path,
        SHEET,
        ("<f>A1+1</f>", '<f t="shared" si="0" ref="A1:B3">A1+1</f>'),
        ('<c r="A3"><v>0</v></c>', '<c r="A3"><f t="shared" si="0"/><v>17</v></c>'),
    )
    book = Workbook.open(path)
    book.recalculate()
    assert (book.get("S!A3"), book.get("S!B2")) == (17.0, 2.0)
    assert [entry.feature for entry in book.not_calculated] == ["a shared formula that leaves the sheet"]


def test_spills_that_another_program_made_fixed_are_an_error(make: Make, tmp_path: Path, toys: Any) -> None:
    path = make({"S": {"A1": "one two", "C1:D2": "=TOY_SPLIT(A1)"}})
    resaved = openpyxl.load_workbook(path)
    resaved.save(tmp_path / "resaved.xlsx")
    book = Workbook.open(tmp_path / "resaved.xlsx", toys.functions)
    book.recalculate()
    book.set("S!A1", "one two three")
    with pytest.raises(WorkbookError, match=r"S!C1: the array formula fills C1:D2, but its result needs C1:D3"):
        book.recalculate()
