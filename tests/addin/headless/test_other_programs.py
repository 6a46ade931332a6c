"""Files as Excel and other programs save them, made by hand."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from addin.headless import Workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
FORMAT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DEFAULTS = (
    '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
)


OVERRIDES = {
    "workbook": "sheet.main",
    "worksheets/sheet1": "worksheet",
    "sharedStrings": "sharedStrings",
    "calcChain": "calcChain",
}


def craft(
    path: Path, rows: str, prefix: str = "", strings: str = "", chain: str = "", names: str = "", tab: str = "S"
) -> Path:
    """A minimal workbook with one sheet, whose rows are this XML."""
    p = f"{prefix}:" if prefix else ""
    xmlns = f'xmlns:{prefix}="{MAIN}"' if prefix else f'xmlns="{MAIN}"'
    sheets = f'<{p}sheets><{p}sheet name="{tab}" sheetId="1" r:id="worksheet"/></{p}sheets>'
    data = f"<{p}sheetData>{rows}</{p}sheetData>"
    xl = {
        "workbook": f'<{p}workbook {xmlns} xmlns:r="{RELATIONS}">{sheets}{names}</{p}workbook>',
        "worksheets/sheet1": f'<{p}worksheet {xmlns} xmlns:ac="urn:ac">{data}</{p}worksheet>',
    }
    if strings:
        xl["sharedStrings"] = f'<sst xmlns="{MAIN}">{strings}</sst>'
    if chain:
        xl["calcChain"] = f'<calcChain xmlns="{MAIN}">{chain}</calcChain>'
    types = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{FORMAT}.{OVERRIDES[part]}+xml"/>' for part in xl
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{PACKAGE}/content-types">{DEFAULTS}{types}</Types>')
        archive.writestr("_rels/.rels", relations({"officeDocument": "xl/workbook.xml"}))
        targets = {"worksheet": "worksheets/sheet1.xml", "sharedStrings": "sharedStrings.xml"}
        archive.writestr("xl/_rels/workbook.xml.rels", relations(targets | {"calcChain": "/xl/calcChain.xml"}))
        for name, text in xl.items():
            archive.writestr(f"xl/{name}.xml", text)
    return path


def relations(targets: dict[str, str]) -> str:
    entries = (f'<Relationship Id="{k}" Type="{RELATIONS}/{k}" Target="{v}"/>' for k, v in targets.items())
    return f'<Relationships xmlns="{PACKAGE}/relationships">{"".join(entries)}</Relationships>'


def sheet_xml(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.parametrize("name", ["TOY_STAIR", "_xldudf_TOY_STAIR", "[1]!TOY_STAIR", "toy_stair"])
def test_our_functions_under_each_name(tmp_path: Path, toys: Any, name: str) -> None:
    rows = f'<row r="1"><c r="A1" cm="1"><f t="array" ref="A1">{name}(2)</f><v>0</v></c></row>'
    book = Workbook.open(craft(tmp_path / "x.xlsx", rows), toys.functions)
    book.recalculate()
    assert book.get_range("S!A1:B2") == [[10, 11], [20, 21]]
    book.save(tmp_path / "y.xlsx")
    assert (
        f'<c r="A1" cm="1"><f t="array" ref="A1:B2">{name}(2)</f><v>10</v></c><c r="B1"><v>11.0</v></c>'
        in sheet_xml(tmp_path / "y.xlsx")
    )


def test_shared_formulas(tmp_path: Path, toys: Any) -> None:
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f t="shared" ref="B1:B3" si="0">A1*10+$A$1</f><v>0</v></c></row>'
        '<row r="2"><c r="A2"><v>2</v></c><c r="B2"><f t="shared" si="0"/><v>0</v></c></row>'
        '<row r="3"><c r="A3"><v>3</v></c><c r="B3"><f t="shared" si="0"/><v>0</v></c></row>'
    )
    book = Workbook.open(craft(tmp_path / "x.xlsx", rows, chain='<c r="B1" i="1"/>'), toys.functions)
    book.recalculate()
    assert book.get_range("S!B1:B3") == [[11], [21], [31]]
    book.save(tmp_path / "kept.xlsx")
    assert '<f t="shared" si="0"/><v>31</v>' in sheet_xml(tmp_path / "kept.xlsx")
    book.set("S!B1", 5)
    book.recalculate()
    book.save(tmp_path / "replaced.xlsx")
    assert '<c r="B1"><v>5</v></c>' in sheet_xml(tmp_path / "replaced.xlsx")
    assert '<c r="B3"><f>A3*10+$A$1</f><v>31</v></c>' in sheet_xml(tmp_path / "replaced.xlsx")
    assert openpyxl.load_workbook(tmp_path / "replaced.xlsx")["S"]["B2"].value == "=A2*10+$A$1"


def test_removing_a_formula_removes_the_calculation_chain(tmp_path: Path, toys: Any) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f>A1+1</f><v>0</v></c></row>'
    book = Workbook.open(craft(tmp_path / "x.xlsx", rows, chain='<c r="B1" i="1"/>'), toys.functions)
    book.recalculate()
    book.save(tmp_path / "kept.xlsx")
    book.set("S!B1", 3)
    book.save(tmp_path / "gone.xlsx")
    with zipfile.ZipFile(tmp_path / "kept.xlsx") as kept, zipfile.ZipFile(tmp_path / "gone.xlsx") as gone:
        assert "xl/calcChain.xml" in kept.namelist()
        assert "xl/calcChain.xml" not in gone.namelist()
        assert b"calcChain" not in gone.read("xl/_rels/workbook.xml.rels") + gone.read("[Content_Types].xml")


def test_strings_of_every_kind(tmp_path: Path) -> None:
    strings = (
        '<si><t xml:space="preserve"> a </t></si>'
        '<si><r><t>ri</t></r><r><rPr><b/></rPr><t>ch</t></r><rPh sb="0" eb="1"><t>no</t></rPh></si>'
        "<si><t>_x000D__x005F_x0041_</t></si>"
    )
    rows = (
        '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c>'
        '<c t="inlineStr"><is><t>in</t></is></c><c t="str"><v>st</v></c><c t="b"><v>1</v></c>'
        '<c t="e"><v>#N/A</v></c><c/><c><v>7</v></c></row><row><c><v>8</v></c></row>'
    )
    book = Workbook.open(craft(tmp_path / "x.xlsx", rows, strings=strings), {})
    assert book.get_range("S!A1:I1") == [[" a ", "rich", "\r_x0041_", "in", "st", True, "#N/A", None, 7.0]]
    assert book.get("S!A2") == 8.0


def test_a_namespace_with_a_prefix(tmp_path: Path, toys: Any) -> None:
    rows = (
        '<x:row r="1" ac:dy="0.25" spans="1:2"><x:c r="A1"><x:v>2</x:v></x:c>'
        '<x:c r="C1" cm="1"><x:f t="array" ref="C1">TOY_STAIR(A1)</x:f></x:c>'
        '<x:c r="G1" t="str"><x:v>kept</x:v></x:c></x:row>'
    )
    book = Workbook.open(craft(tmp_path / "x.xlsx", rows, prefix="x"), toys.functions)
    book.recalculate()
    book.save(tmp_path / "y.xlsx")
    again = Workbook.open(tmp_path / "y.xlsx", toys.functions)
    assert again.get_range("S!A1:G2") == [[2, None, 10, 11, None, None, "kept"], [None, None, 20, 21, None, None, None]]
    assert 'ac:dy="0.25"' in sheet_xml(tmp_path / "y.xlsx")
    assert openpyxl.load_workbook(tmp_path / "y.xlsx", data_only=True)["S"]["D2"].value == 21


BLOCKED = (
    '<row r="1"><c r="A1" t="e" cm="1" vm="1"><f t="array" ref="A1">TOY_STAIR(3)</f><v>#VALUE!</v></c></row>'
    '<row r="2"><c r="B2"{kind}><v>1.5</v></c></row>'
)


@pytest.mark.parametrize(("kind", "value"), [("", 1.5), (' t="str"', "1.5")], ids=["a number", "a text"])
def test_a_blocked_spill_that_excel_saved_stays_blocked(tmp_path: Path, toys: Any, kind: str, value: object) -> None:
    book = Workbook.open(craft(tmp_path / "x.xlsx", BLOCKED.format(kind=kind)), toys.functions)
    book.recalculate()
    assert book.get_range("S!A1:B2") == [["#SPILL!", None], [None, value]]
    book.save(tmp_path / "y.xlsx")
    assert '<c r="A1" cm="1" t="str"><f t="array" ref="A1">TOY_STAIR(3)</f><v>#SPILL!</v></c>' in sheet_xml(
        tmp_path / "y.xlsx"
    )


REMEMBERED = (
    '<row r="1"><c r="A1" cm="1"><f t="array" ref="A1:B2">TOY_STAIR(2)</f><v>7</v></c><c r="B1"><v>8</v></c></row>'
    '<row r="2"><c r="A2" t="str"><v>x</v></c><c r="B2"><v>9</v></c></row>'
)


def test_stored_values_of_a_spill_are_not_constants(tmp_path: Path, toys: Any) -> None:
    book = Workbook.open(craft(tmp_path / "x.xlsx", REMEMBERED), toys.functions)
    assert book.get_range("S!A1:B2") == [[7, 8], ["x", 9]]
    assert len(book.recalculate()) == 4
    assert book.get_range("S!A1:B2") == [[10, 11], [20, 21]]


@pytest.mark.parametrize("beside", ["<c><v>1</v></c>", '<c t="str"><v>text</v></c>'], ids=["numbers", "a text beside"])
def test_a_damaged_number_is_an_error(tmp_path: Path, beside: str) -> None:
    rows = f"<row><c><v>NaN</v></c><c><v>1e999</v></c>{beside}</row>"
    book = Workbook.open(craft(tmp_path / "x.xlsx", rows), {})
    assert book.get_range("S!A1:B1") == [["#NUM!", "#NUM!"]]


def test_names_of_a_sheet_take_precedence(tmp_path: Path) -> None:
    names = (
        '<definedNames><definedName name="x">S!$A$1</definedName>'
        '<definedName name="x" localSheetId="0">S!$A$2</definedName></definedNames>'
    )
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f>x*10</f></c></row><row r="2"><c r="A2"><v>2</v></c></row>'
    book = Workbook.open(craft(tmp_path / "x.xlsx", rows, names=names), {})
    book.recalculate()
    assert book.get("S!B1") == 20.0
