"""Writes current values into a workbook's XML. Everything but the values of cells stays as it was."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias
from xml.sax.saxutils import escape, quoteattr

import orjson
from lxml import etree

from udfs import excel_errors
from workbook_templates.formula.ranges import CellRange, column_letters, column_number

from .cell_rows import Position
from .charts import fill_charts
from .formula import Formula
from .grid import Sheet
from .package import Package, escaped, serialized
from .sheet_xml import stored_range
from .values import Scalar, XlError, as_grid

# A program recalculates a file when it opens it if the file's calculation engine is older than its own; without the
# add-in every value would become #NAME?. This is the number that Excel has written since 2019.
_CALCULATION_ENGINE = 191_029
_DECLARATION = re.compile(r'\sxmlns(?::[\w.-]+)?="[^"]*"')
_SLOT = re.compile(rb"<!--row (\d+)-->")

# What the cells with formulas hold in the file: their formulas and the current values, or only one of the two.
Contents: TypeAlias = Literal["all", "formulas", "values"]


def write_workbook(
    source: Package, sheets: list[Sheet], path: str | Path, contents: Contents = "all", *, small: bool = False
) -> None:
    """Saves a copy of the source with the values and formulas of the sheets, also with the values in its charts.

    With "formulas", the file has no values of formulas: a program calculates them when it opens it.
    """
    package = Package(source.source, dict(source.parts))
    replaced = False
    for part, sheet in zip(package.sheets(), sheets, strict=True):
        if sheet.formulas or sheet.edited:
            writer = _SheetWriter(package, package.tree(part.path), sheet, contents)
            package.parts[part.path] = writer.written()
            replaced = replaced or writer.replaced_formulas
    for settings in package.workbook.iter(package.tag("calcPr")):
        if contents == "formulas":
            settings.set("fullCalcOnLoad", "1")
        elif "fullCalcOnLoad" in settings.attrib:
            del settings.attrib["fullCalcOnLoad"]
        settings.set("calcId", str(max(_CALCULATION_ENGINE, int(settings.get("calcId") or 0))))
    package.parts[package.workbook_path] = serialized(package.workbook)
    if replaced or contents == "values":
        package.drop_calculation_chain()
    if contents != "formulas":
        fill_charts(package, sheets)
    package.write(path, small=small)


class _SheetWriter:
    """Rewrites the rows of one sheet in which a value may have changed."""

    def __init__(self, package: Package, root: etree._Element, sheet: Sheet, contents: Contents) -> None:
        self._package, self._root, self._sheet = package, root, sheet
        self._contents = contents
        data = root.find(package.tag("sheetData"))
        self._data = etree.SubElement(root, package.tag("sheetData")) if data is None else data
        self._rows = self._existing_rows()
        self._values: dict[int, dict[int, Scalar]] = defaultdict(dict)
        self._runs: dict[int, list[tuple[int, list[float]]]] = defaultdict(list)
        self._spilled_blanks: set[Position] = set()  # without a cell, a program may fill them with their neighbours
        self._column_styles = self._styles_of_columns()
        self._formula_elements = list(self._find_formulas())
        self._orphans = self._shared_without_master()
        self.replaced_formulas = False

    def written(self) -> bytes:
        """The sheet's XML."""
        self._collect_values()
        texts = {row: self._row_text(row).encode() for row in sorted({*self._values, *self._runs})}
        self._place_slots(texts)
        self._widen_dimension()
        return _SLOT.sub(lambda match: texts.get(int(match[1]), match[0]), serialized(self._root))

    def _existing_rows(self) -> dict[int, etree._Element]:
        rows, number = {}, 0
        for element in self._data.iterchildren(self._package.tag("row")):
            number = int(element.get("r") or number + 1)
            rows[number] = element
        return rows

    def _cells(self, row: int) -> dict[int, etree._Element]:
        cells, column = {}, 0
        for element in self._rows[row].iterchildren(self._package.tag("c")) if row in self._rows else ():
            letters = element.get("r", "").rstrip("0123456789")
            column = column_number(letters) if letters else column + 1
            cells[column] = element
        return cells

    def _find_formulas(self) -> Iterable[tuple[Position, etree._Element]]:
        has_formula = etree.XPath("boolean(x:c/x:f)", namespaces={"x": self._package.namespace})
        tag = self._package.tag("f")
        for row, row_element in self._rows.items():
            if not has_formula(row_element):
                continue
            for column, cell in self._cells(row).items():
                element = cell.find(tag)
                if element is not None:
                    yield (row, column), element

    def _collect_values(self) -> None:
        """Row -> column -> value of every cell to write, None to empty it; and the runs of numbers."""
        for cell, element in self._formula_elements:
            formula = self._sheet.formulas.get(cell)
            stored, filled = _stored_range(element), formula.rect if formula else None
            for row, column in _positions(stored) if stored else ():
                if filled is None or not filled.holds(row, column):
                    self._values[row][column] = None
            if formula is None and element.get("t") != "dataTable":
                self.replaced_formulas = True
                self._values[cell[0]][cell[1]] = None
        for row, column in self._sheet.edited:
            self._values[row][column] = None
        for formula in self._sheet.formulas.values():
            if formula.evaluated or self._contents != "all":  # otherwise the file's values stay
                self._collect_formula(formula)
        for (row, column), value in self._sheet.constants.items():
            if column in self._values.get(row, ()):
                self._values[row][column] = value

    def _collect_formula(self, formula: Formula) -> None:
        grid = as_grid(formula.shown)
        for offset, values in enumerate(grid.tolist()):
            row, column = formula.row + offset, formula.column
            if self._contents == "formulas":
                self._values[row].update(dict.fromkeys(range(column, column + len(values))))
                continue
            if grid.dtype == object or len(values) == 1:
                self._values[row].update(enumerate(values, column))
                self._spilled_blanks.update((row, c) for c, value in enumerate(values, column) if value is None)
                continue
            if not offset:
                self._values[row][column] = values.pop(0)
                column += 1
            self._runs[row].append((column, values))

    def _row_text(self, row: int) -> str:
        existing, values = self._cells(row), self._values[row]
        element = self._rows.get(row)
        styles = {column: cell.get("s") for column, cell in existing.items()}
        of_row = element.get("s") if element is not None and element.get("customFormat") in ("1", "true") else None
        texts: dict[int, str] = {}
        for column, run in self._runs.get(row, ()):
            places = range(column, column + len(run))
            texts[column] = _run_text(row, places, run, [self._style(c, styles, of_row) for c in places])
            for place in places:
                values.pop(place, None)
                existing.pop(place, None)
        for column, value in values.items():
            cell = existing.pop(column, None)
            formula = self._sheet.formulas.get((row, column))
            is_needed = formula is not None or value is not None or (row, column) in self._spilled_blanks
            if cell is None and not is_needed:
                continue
            style = self._style(column, styles, of_row)
            start = f'<c r="{column_letters(column)}{row}"' + (f' s="{style}"' if style else "")
            if formula is not None or (row, column) in self._sheet.constants:
                texts[column] = self._special(start, cell, formula, value)
            else:
                texts[column] = _value_cell(start, value)
        texts.update((column, self._untouched(cell)) for column, cell in existing.items())
        cells = "".join(text for _, text in sorted(texts.items()))
        return f"{self._row_start(row, element)}{cells}</row>"

    def _style(self, column: int, styles: Mapping[int, str | None], of_row: str | None) -> str | None:
        """The style of a cell; a new cell takes that of its row or column."""
        return styles[column] if column in styles else of_row or self._column_styles.get(column)

    def _special(self, start: str, cell: etree._Element | None, formula: Formula | None, value: Scalar) -> str:
        if formula is None or self._contents == "values":
            return _constant_cell(start, value)
        if cell is not None and cell.get("cm"):
            start += f' cm="{cell.get("cm")}"'
        element = None if cell is None else cell.find(self._package.tag("f"))
        text = self._formula_text(formula, element)
        return f"{start}>{text}</c>" if self._contents == "formulas" else _value_cell(start, value, text)

    def _formula_text(self, formula: Formula, element: etree._Element | None) -> str:
        if element is None or element.get("si") in self._orphans:
            return f"<f>{escape(formula.text)}</f>"
        if _stored_range(element) is not None and formula.fixed is None:
            element.set("ref", str(formula.rect))
        return self._untouched(element)

    def _untouched(self, element: etree._Element) -> str:
        """The element's XML without the namespaces that the sheet declares."""
        text: str = etree.tostring(element, encoding="unicode", with_tail=False)
        return _DECLARATION.sub("", text, len(self._root.nsmap)) if element.nsmap == self._root.nsmap else text

    def _row_start(self, row: int, element: etree._Element | None) -> str:
        attributes = {"r": str(row)}
        prefixes = {uri: f"{prefix}:" for prefix, uri in self._root.nsmap.items() if prefix}
        for name, value in element.attrib.items() if element is not None else ():
            qualified = etree.QName(name)
            attributes[prefixes.get(qualified.namespace or "", "") + qualified.localname] = str(value)
        # The columns that the row spans are only a hint, and may have changed.
        attributes.pop("spans", None)
        if self._root.nsmap.get(None) != self._package.namespace:
            attributes["xmlns"] = self._package.namespace
        return "<row" + "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items()) + ">"

    def _place_slots(self, texts: dict[int, bytes]) -> None:
        """Puts a placeholder into the tree for each row that is written again, between the rows that stay."""
        rows = dict(self._rows)
        for row in texts:
            rows[row] = etree.Comment(f"row {row}")
        for child in list(self._data):
            self._data.remove(child)
        self._data.text = None
        for row in sorted(rows):
            rows[row].tail = None
            self._data.append(rows[row])

    def _styles_of_columns(self) -> dict[int, str | None]:
        styles: dict[int, str | None] = {}
        for column in self._root.iter(self._package.tag("col")):
            if column.get("style"):
                span = range(int(column.get("min", 1)), int(column.get("max", 0)) + 1)
                styles.update(dict.fromkeys(span, column.get("style")))
        return styles

    def _shared_without_master(self) -> set[str | None]:
        """Groups of shared formulas whose text was in a cell that now holds a constant."""
        found: set[str | None] = set()
        for cell, element in self._formula_elements:
            if element.get("t") == "shared" and element.text and cell not in self._sheet.formulas:
                found.add(element.get("si"))
        return found

    def _widen_dimension(self) -> None:
        dimension, used = self._root.find(self._package.tag("dimension")), self._sheet.used()
        if dimension is None or used is None:
            return
        before = CellRange.parse(dimension.get("ref", ""))
        dimension.set("ref", str(before.around(used) if before else used))


def _stored_range(formula: etree._Element) -> CellRange | None:
    return stored_range(formula.get("t", ""), formula.get("ref", ""))


def _positions(rect: CellRange) -> Iterable[Position]:
    return ((r, c) for r in range(rect.top, rect.bottom + 1) for c in range(rect.left, rect.right + 1))


def _run_text(row: int, columns: range, numbers: list[float], styles: list[str | None]) -> str:
    """Cells with numbers, one beside the other."""
    texts = orjson.dumps(numbers).decode()[1:-1].split(",")  # four times as fast as repr, and as exact
    starts = [f' s="{style}"' if style else "" for style in styles]
    cells = zip(columns, starts, texts, strict=True)
    return "".join([f'<c r="{column_letters(c)}{row}"{style}><v>{x}</v></c>' for c, style, x in cells])


def _value_cell(start: str, value: Scalar, formula: str = "") -> str:
    """A cell with a computed value. `start` is its opening tag up to the attributes."""
    if type(value) is float:
        return f"{start}>{formula}<v>{_number(value)}</v></c>"
    if value is None:  # a formula's blank is empty text, as Excel writes it
        return f'{start} t="str">{formula}<v></v></c>' if formula else f"{start}/>"
    if isinstance(value, bool):
        return f'{start} t="b">{formula}<v>{int(value)}</v></c>'
    if isinstance(value, XlError) and str.__str__(value) not in excel_errors.WITHOUT_CODE:
        return f'{start} t="e">{formula}<v>{str.__str__(value)}</v></c>'
    return f'{start} t="str">{formula}<v{_space(value)}>{_text(value)}</v></c>'


def _constant_cell(start: str, value: Scalar) -> str:
    if isinstance(value, str) and not isinstance(value, XlError):
        return f'{start} t="inlineStr"><is><t{_space(value)}>{_text(value)}</t></is></c>'
    return _value_cell(start, value)


def _number(value: float) -> str:
    text = repr(value)
    return text.removesuffix(".0")


def _space(text: object) -> str:
    """The attribute that makes programs keep white space at the ends of a text."""
    plain = str.__str__(text) if isinstance(text, str) else ""
    return ' xml:space="preserve"' if plain != plain.strip() else ""


def _text(text: object) -> str:
    plain = str.__str__(text) if isinstance(text, str) else ""
    return escaped(escape(plain))
