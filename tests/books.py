"""The template workbooks that tests read: built once for a whole run, and calculated once in each of its processes."""

from __future__ import annotations

import hashlib
import pickle
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import openpyxl

from addin.headless import Workbook
from tests.shared import Shared
from tests.workbook_templates.files import opened as read_by_openpyxl
from tests.workbook_templates.files import small
from workbook_templates import TEMPLATES, build, start_tab
from workbook_templates.sheet import Page
from workbook_templates.start_tab import Try

DEMO: Final[dict[str, Any]] = {"model": "demo", "tokens": 16}
TINY: Final[dict[str, Any]] = {"model": "tiny", "tokens": 9}
"""The options that most tests use, so that they share a workbook."""

_PROMISES = "promises.pickle"
_MOST_OPEN, _MOST_READ = 12, 3  # each takes some tens of megabytes


class Books:
    """Workbooks by their template and the options of `build`. Tests that use the same options share one."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._calculated: OrderedDict[Path, Workbook] = OrderedDict()
        self._read: OrderedDict[Path, openpyxl.Workbook] = OrderedDict()

    def file(self, template: str, **options: Any) -> Path:
        """The file of a workbook, under its usual name. No test may change it."""
        return self._folder("usual", template, options) / TEMPLATES[template]

    def small(self, template: str, **options: Any) -> Path:
        """The file that `tests.workbook_templates.files.small` makes. No test may change it."""
        return self._folder("small", template, options) / TEMPLATES[template]

    def promises(self, template: str, **options: Any) -> list[Try]:
        """What the tab Start of a workbook suggests to try, and the outcomes that it promises."""
        file = self._folder("usual", template, options) / _PROMISES
        promises: list[Try] = pickle.loads(file.read_bytes())
        return promises

    def calculated(self, template: str, **options: Any) -> AbstractContextManager[Workbook]:
        """The workbook, calculated. See `opened`."""
        return self.opened(self.file(template, **options))

    @contextmanager
    def opened(self, file: Path) -> Iterator[Workbook]:
        """The calculated workbook of a file. What was typed into it is undone for the next test.

        A formula cannot be typed in again. So a workbook whose formulas were typed over is calculated anew next time.
        """
        workbook = self._calculated.pop(file, None) or Workbook.open(file)
        workbook.recalculate()
        before: dict[str, Any] = {}
        over_formulas: list[str] = []
        write = workbook.set

        def noted(cell: str, value: Any) -> None:
            had_formula, old = workbook.has_formula(cell), workbook.get(cell)
            write(cell, value)
            over_formulas.extend([cell] * had_formula)
            before.setdefault(workbook.address(cell), old)

        with patch.object(workbook, "set", noted):
            yield workbook
        if over_formulas:
            return
        for cell, value in reversed(before.items()):
            workbook.set(cell, value)  # the next test calculates it, if there is one
        self._calculated[file] = workbook
        if len(self._calculated) > _MOST_OPEN:
            self._calculated.popitem(last=False)

    def cells(self, file: Path) -> openpyxl.Workbook:
        """What a file holds: formulas, formats, links. Texts keep the formats inside them."""
        if file not in self._read:
            self._read[file] = read_by_openpyxl(file, rich_text=True)
        if len(self._read) > _MOST_READ:
            self._read.popitem(last=False)
        return self._read[file]

    def _folder(self, kind: str, template: str, options: dict[str, Any]) -> Path:
        """The folder with a workbook's file and its promises."""
        key = hashlib.blake2b(repr((kind, template, sorted(options.items()))).encode(), digest_size=8).hexdigest()

        def make(folder: Path) -> None:
            folder.mkdir()
            promises = _built(kind, template, folder, options)
            (folder / _PROMISES).write_bytes(pickle.dumps(promises))

        return self._shared.once(f"{template} {key}", make)


def _built(kind: str, template: str, folder: Path, options: dict[str, Any]) -> list[Try]:
    """Builds a workbook in a folder, and returns its promises."""
    promises: list[Try] = []
    write = start_tab.things_to_try

    def noted(page: Page, tries: Sequence[Try], *rest: str) -> None:
        promises.extend(tries)
        write(page, tries, *rest)

    with patch.object(start_tab, "things_to_try", noted):
        (small if kind == "small" else build)(template, folder, **options)
    return promises


@contextmanager
def with_values(book: Workbook, cells: Mapping[str, str | float | None]) -> Iterator[None]:
    """The workbook with these values in these cells. At the end they hold their earlier values, but no formulas."""
    old = {cell: book.get(cell) for cell in cells}
    _type(book, cells)
    try:
        yield
    finally:
        _type(book, old)


def _type(book: Workbook, cells: Mapping[str, str | float | None]) -> None:
    for cell, value in cells.items():
        book.set(cell, value)
    book.recalculate()
