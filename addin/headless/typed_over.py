"""Remembers in the file which constants were typed over a spill.

In the format such a constant looks like any remembered value of the spill, and the next program to recalculate would
put the computed one back. So a hidden defined name lists these cells; programs that do not know it leave it alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

from .address import column_letters, parse_cell, quoted_sheet, split_sheet
from .grid import Position, Sheet
from .package import DefinedName, Package

_NAME = "_GPT2_TYPED_OVER"
# A name's formula may be 8,192 characters long, so a long list goes into several names.
_LONGEST = 8_000
_ENTRY = re.compile(r"((?:'(?:[^']|'')+')!\$[A-Z]{1,3}\$\d+)")


def read_typed_over(names: Iterable[DefinedName], sheets: list[str]) -> dict[int, set[Position]]:
    """Cells by sheet number."""
    found: dict[int, set[Position]] = {}
    for name in names:
        if not name.name.upper().startswith(_NAME):
            continue
        for entry in _ENTRY.findall(_quoted(name.text)):
            sheet, cell = split_sheet(entry)
            place = parse_cell(cell)
            if sheet in sheets and place:
                found.setdefault(sheets.index(sheet), set()).add(place)
    return found


def write_typed_over(package: Package, sheets: list[Sheet]) -> None:
    """Puts the current list into the workbook part's tree."""
    entries = [f"{quoted_sheet(sheet.name)}!{_absolute(cell)}" for sheet in sheets for cell in sorted(sheet.typed_over)]
    holder = package.workbook.find(package.tag("definedNames"))
    if holder is None:
        if not entries:
            return
        holder = etree.Element(package.tag("definedNames"))
        _after_sheets(package).addnext(holder)
    for element in [e for e in holder if e.get("name", "").upper().startswith(_NAME)]:
        holder.remove(element)
    for number, text in enumerate(_chunks(entries)):
        etree.SubElement(holder, package.tag("definedName"), name=f"{_NAME}_{number}", hidden="1").text = text
    if not len(holder):
        package.workbook.remove(holder)


def _after_sheets(package: Package) -> etree._Element:
    """The element of the workbook part behind which the schema wants the defined names."""
    before = {package.tag(x) for x in ("sheets", "functionGroups", "externalReferences")}
    return [e for e in package.workbook if e.tag in before][-1]


def _chunks(entries: list[str]) -> Iterable[str]:
    chunk = ""
    for entry in entries:
        if chunk and len(chunk) + len(entry) + 1 > _LONGEST:
            yield chunk
            chunk = ""
        chunk += f",{entry}" if chunk else entry
    if chunk:
        yield chunk


def _quoted(text: str) -> str:
    """Programs write a sheet's name without quotes where they can."""
    return re.sub(r"(?<![\w.'])([^\W\d][\w.]*)!(?=\$)", r"'\1'!", text)


def _absolute(cell: Position) -> str:
    return f"${column_letters(cell[1])}${cell[0]}"
