from __future__ import annotations

import shutil
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xlsxwriter

from addin.headless import Workbook
from udfs.cells.errors import marked

Cells = dict[str, Any]


class Toys:
    """Functions for workbooks to call. Counts the calls, and turns errors into a line as `CellFunction.answer` does."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.seen: list[Any] = []
        names = ("split", "stair", "double", "steer", "concat", "fail", "show", "rest")
        self.functions: dict[str, Callable[..., Any]] = {f"TOY_{n.upper()}": self._counted(n) for n in names}

    def _counted(self, name: str) -> Callable[..., Any]:
        function = getattr(self, name)

        def counted(*arguments: Any) -> Any:
            self.calls[name] += 1
            try:
                return function(*arguments)
            except (TypeError, ValueError) as error:
                return [[marked(str(error))]]

        return counted

    def split(self, text: str) -> list[list[Any]]:
        """A column of words and a column of their lengths."""
        return [[word, len(word)] for word in str(text).split()] or [["", 0]]

    def stair(self, rows: float, columns: float = 2) -> np.ndarray:
        """10, 11, ... 20, 21, ...: 10 times the row counted from 1, plus the column counted from 0."""
        return (np.arange(1, int(rows) + 1)[:, None] * 10 + np.arange(int(columns))).astype(np.float32)

    def double(self, x: Any) -> Any:
        return np.asarray(x, dtype=float) * 2

    def steer(self, x: Any, coefficient: float) -> Any:
        return np.asarray(x, dtype=float) + (coefficient or 0)

    def concat(self, x: Any) -> str:
        items = ("" if x is None else f"{x:g}" if isinstance(x, float) else str(x) for x in np.ravel(x))
        return "|".join(items)

    def fail(self, _: Any = None) -> float:
        raise ValueError("layer must be 0 to 11, not 12")

    def show(self, *arguments: Any) -> float:
        self.seen.append(arguments)
        return 1.0

    def rest(self, kind: str) -> Any:
        return {"nan": float("nan"), "inf": np.array([[1.0, np.inf]]), "none": None, "blank": [[1, None], [None, 2]]}[
            kind
        ]


@pytest.fixture
def toys() -> Toys:
    return Toys()


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Builds a workbook: sheet -> cell -> content. Text that begins with `=` is a dynamic array formula, with `{=` a
    legacy array over the range that is its key, with `-=` a plain one."""

    def build(sheets: dict[str, Cells], names: dict[str, str] | None = None, file: str = "book.xlsx") -> Path:
        path = tmp_path / file
        book = xlsxwriter.Workbook(str(path), {"use_future_functions": True})
        bold = book.add_format({"bold": True})
        for name, cells in sheets.items():
            sheet = book.add_worksheet(name)
            for place, content in cells.items():
                if isinstance(content, str) and content.startswith("{="):
                    sheet.write_array_formula(place, content)
                elif isinstance(content, str) and content.startswith("-="):
                    sheet.write_formula(place, content[1:])
                elif isinstance(content, str) and content.startswith("="):
                    sheet.write_dynamic_array_formula(place if ":" in place else f"{place}:{place}", content, bold)
                elif isinstance(content, str):
                    sheet.write_string(place, content)
                else:
                    sheet.write(place, content)
        for name, target in (names or {}).items():
            book.define_name(name, target)
        book.close()
        return path

    return build


@pytest.fixture
def opened(make: Callable[..., Path], toys: Toys) -> Callable[..., Workbook]:
    """The same, opened with the toy functions and recalculated."""

    def build(sheets: dict[str, Cells], names: dict[str, str] | None = None) -> Workbook:
        book = Workbook.open(make(sheets, names), toys.functions)
        book.recalculate()
        toys.calls.clear()
        toys.seen.clear()
        return book

    return build


@pytest.fixture
def edit_parts(tmp_path: Path) -> Callable[..., Path]:
    """Replaces text in parts of a workbook file, to make files as other programs write them."""

    def edit(path: Path, part: str, *pairs: tuple[str, str]) -> Path:
        target = tmp_path / f"edited_{path.name}"
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as result:
            for info in source.infolist():
                text = source.read(info)
                if info.filename == part:
                    for old, new in pairs:
                        assert old.encode() in text, (old, text)
                        text = text.replace(old.encode(), new.encode())
                result.writestr(info.filename, text)
        shutil.move(target, path)
        return path

    return edit
