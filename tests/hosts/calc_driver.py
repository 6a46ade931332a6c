"""Runs in a Python that has LibreOffice's `uno`: starts LibreOffice, and obeys commands from its standard input.

A command is a line of JSON: the name of a method of `Driver`, and its arguments. The answer is one line, the result or
an error.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException

_PATIENCE = 300  # seconds until LibreOffice answers: a busy machine may take minutes to start it
_ERRORS = 4  # com.sun.star.sheet.FormulaResult.ERROR


class Driver:
    """One LibreOffice, one document at a time."""

    def __init__(self, program: str, pipe: str) -> None:
        options = ("--headless", "--norestore", "--nologo", "--nodefault", f"--accept=pipe,name={pipe};urp")
        self._office = subprocess.Popen(
            [program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._context = _connected(pipe)
        self._desktop = self._service("com.sun.star.frame.Desktop")
        self._document: Any = None
        self._sheets: dict[str, tuple[Any, Any]] = {}  # each with a cursor: new objects take milliseconds

    def open(self, url: str) -> float:
        """Loads a document, or makes an empty one for `private:factory/scalc`. Returns the seconds that it took."""
        self.close()
        start = time.perf_counter()
        self._document = self._desktop.loadComponentFromURL(url, "_blank", 0, (_property("Hidden", True),))
        return time.perf_counter() - start

    def close(self) -> None:
        if self._document is not None:
            self._sheets.clear()
            self._document.close(True)
            self._document = None

    def tabs(self) -> list[str]:
        return list(self._document.Sheets.ElementNames)

    def type(self, tab: str, cell: str, value: str | float | None) -> None:
        """Types a value, never a formula, into a cell."""
        place = self._range(tab, cell)
        if value is None:
            place.clearContents(1 + 2 + 4 + 16)  # numbers, dates, texts, formulas
        elif isinstance(value, str):
            place.String = value
        else:
            place.Value = value

    def set(self, tab: str, cell: str, value: str | float) -> float:
        """Types a value and calculates the cells that depend on it. Returns the seconds that both took."""
        start = time.perf_counter()
        self.type(tab, cell, value)
        self._document.calculate()
        return time.perf_counter() - start

    def formula(self, tab: str, cells: str, formula: str) -> None:
        """Enters an array formula, as Ctrl+Shift+Enter does."""
        self._range(tab, cells).setArrayFormula(formula)

    def calculate(self) -> float:
        """Calculates the cells that may have changed. Returns the seconds that it took."""
        start = time.perf_counter()
        self._document.calculate()
        return time.perf_counter() - start

    def recalculate(self) -> float:
        """Calculates every formula. Returns the seconds that it took."""
        start = time.perf_counter()
        self._document.calculateAll()
        return time.perf_counter() - start

    def values(self, tab: str, cells: str = "") -> list[list[Any]]:
        """The values of some cells, or of all used cells; an error as `Err:522`.

        Neighbours with errors all show the first one's, because LibreOffice takes a millisecond to name each.
        """
        area = self._range(tab, cells)
        rows = [list(row) for row in area.DataArray]
        if not any(None in row for row in rows):  # an error is None; a query would take a millisecond
            return rows
        first = area.RangeAddress
        for found in area.queryFormulaCells(_ERRORS).RangeAddresses:
            left, width = found.StartColumn - first.StartColumn, found.EndColumn - found.StartColumn + 1
            top, bottom = found.StartRow - first.StartRow, found.EndRow - first.StartRow
            error = f"Err:{area.getCellByPosition(left, top).getError()}"
            for row in rows[top : bottom + 1]:
                row[left : left + width] = [error] * width
        return rows

    def named(self, name: str) -> list[list[Any]]:
        """The values of a named range."""
        return [list(row) for row in self._document.NamedRanges.getByName(name).ReferredCells.DataArray]

    def cell_named(self, name: str) -> list[str]:
        """Tab and address of a named cell."""
        tab, _, cell = self._document.NamedRanges.getByName(name).Content.replace("$", "").rpartition(".")
        return [tab.strip("'"), cell]

    def call(self, function: str, arguments: list[Any]) -> list[list[Any]]:
        """A function's result, as a formula would get it."""
        given = tuple(_rows(a) if isinstance(a, list) else "" if a is None else a for a in arguments)
        access = self._service("com.sun.star.sheet.FunctionAccess")
        result = uno.invoke(access, "callFunction", (function, given))
        return [list(row) for row in result] if isinstance(result, tuple) else [[result]]

    def described(self, function: str) -> dict[str, Any]:
        """The help that the function wizard shows."""
        found = self._service("com.sun.star.sheet.FunctionDescriptions").getByName(function)
        shown = {part.Name: part.Value for part in found}
        arguments = [[a.Name, a.Description] for a in shown["Arguments"]]
        return {"description": shown["Description"], "arguments": arguments}

    def print(self, tab: str, url: str, cells: str = "") -> None:
        """Prints one tab, or a range of it on one page with the names of its rows and columns, into a PDF file.

        If any tab has print areas, LibreOffice leaves out tabs without any.
        """
        sheets = [self._document.Sheets.getByName(name) for name in self.tabs()]
        areas = [sheet.getPrintAreas() for sheet in sheets]
        for sheet in sheets:
            if sheet.Name != tab:
                sheet.setPrintAreas(())
            elif cells:
                sheet.setPrintAreas((self._range(tab, cells).RangeAddress,))
                self._print_on_one_page(sheet.PageStyle)
        self._document.storeToURL(url, (_property("FilterName", "calc_pdf_Export"),))
        for sheet, own in zip(sheets, areas, strict=True):
            sheet.setPrintAreas(own)

    def _print_on_one_page(self, style: str) -> None:
        page = self._document.StyleFamilies.getByName("PageStyles").getByName(style)
        page.ScaleToPagesX = page.ScaleToPagesY = 1
        page.PrintHeaders = True

    def is_lost(self) -> bool:
        """Whether LibreOffice no longer answers."""
        try:
            self._desktop.Frames.getCount()
            return False
        except Exception:  # a dead connection raises many kinds of errors
            return True

    def office(self) -> int:
        """The id of LibreOffice's process, which is also that of its process group."""
        return self._office.pid

    def finish(self) -> None:
        self.close()
        self._desktop.terminate()
        self._office.wait()

    def _range(self, tab: str, cells: str) -> Any:
        """A range; without an address, all cells that are used now."""
        if tab not in self._sheets:
            sheet = self._document.Sheets.getByName(tab)
            self._sheets[tab] = sheet, sheet.createCursor()
        sheet, cursor = self._sheets[tab]
        if cells:
            return sheet.getCellRangeByName(cells)
        cursor.collapseToSize(1, 1)  # A1
        cursor.gotoEndOfUsedArea(True)
        return cursor

    def _service(self, name: str) -> Any:
        return self._context.ServiceManager.createInstanceWithContext(name, self._context)


def _connected(pipe: str) -> Any:
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    place = f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext"
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        with suppress(NoConnectException):
            return resolver.resolve(place)
        time.sleep(0.1)
    return resolver.resolve(place)


def _rows(rows: list[Any]) -> Any:
    return uno.Any("[][]any", tuple(tuple("" if cell is None else cell for cell in row) for row in rows))


def _property(name: str, value: Any) -> Any:
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def main() -> None:
    driver = Driver(*sys.argv[1:])
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer = {"result": getattr(driver, name)(*arguments)}
        except Exception as error:  # reported to the tests; LibreOffice keeps running
            answer = {"error": f"{type(error).__name__}: {error}", "lost": driver.is_lost()}
        print(json.dumps(answer), flush=True)
    driver.finish()


if __name__ == "__main__":
    main()
