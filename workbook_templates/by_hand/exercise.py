"""A tab of exercises: weights in view, blanks to fill in, a mark for each, and the answers, which a switch reveals."""

from __future__ import annotations

from collections.abc import Sequence

from xlsxwriter.utility import xl_rowcol_to_cell

from workbook_templates.book import Book
from workbook_templates.by_hand.toy import Matrix
from workbook_templates.range import Range
from workbook_templates.sheet import Page

REVEAL = "reveal"  # names the cell with the switch: yes or no
RIGHT, WRONG, NOT_YET = "right", "wrong", "not yet"

_WIDTH = 6  # the most columns of a grid: one for each word
_YOURS, _CHECK, _ANSWERS = 2, 3 + _WIDTH, 4 + 2 * _WIDTH  # the first column of each grid
_WIDTHS = (13, 10, *[8.5] * _WIDTH, 2, *[8.5] * _WIDTH, 2, *[8.5] * _WIDTH)
_TOLERANCE = 0.02  # of the answer, plus as much again: two decimals are enough, also when they are carried on

Grid = Sequence[Sequence[str]]


class ExerciseTab(Page):
    """One tab, written from the top down."""

    def __init__(self, book: Book, name: str, lines: Sequence[str]) -> None:
        super().__init__(book, name, _WIDTHS)
        self._checks: list[Range] = []
        self.furniture(name, lines)
        self._progress_row = self.row
        self.row += 2

    def weights(self, name: str, meaning: str, rows: Sequence[str], columns: Sequence[str], numbers: Matrix) -> Range:
        """A table of weights, which the reader may change."""
        self.text(self.row, 0, name, self.style.bold)
        self.text(self.row, _YOURS, meaning, self.style.note)
        self.row += 1
        self._titles(_YOURS, columns)
        top = self.row = self.row + 1
        for label, line in zip(rows, numbers, strict=True):
            self.text(self.row, 1, label, self.style.aside)
            for column, number in enumerate(line, start=_YOURS):
                self.sheet.write_number(self.row, column, number, self.style.small_weight)
            self.row += 1
        self.row += 1
        return Range(self.name, top, _YOURS, top + len(numbers) - 1, _YOURS + len(columns) - 1)

    def step(
        self,
        title: str,
        lines: Sequence[str],
        columns: Sequence[str],
        labels: Sequence[str],
        answers: Grid,
        given: int = 0,
    ) -> Range:
        """A step of the calculation; returns the cells of the answers.

        columns: the titles of the columns
        labels: the formula of each row's label
        answers: the formula of each answer; "" where there is nothing to fill in
        given: how many rows, from the top, are filled in as an example
        """
        self.section(title)
        self.lines(lines)
        for first, text in ((_YOURS, "your numbers"), (_CHECK, "check"), (_ANSWERS, "answers")):
            self.text(self.row, first, text, self.style.group)
            self.row += 1
            self._titles(first, columns)
            self.row -= 1
        top = self.row = self.row + 2
        for number, (label, formulas) in enumerate(zip(labels, answers, strict=True)):
            self.plain(self.row, 1, label, self.style.token_aside)
            for column, formula in enumerate(formulas):
                if formula:
                    self._blank(column, formula, number < given)
            self.row += 1
        checks, cells = (
            Range(self.name, top, first, self.row - 1, first + len(columns) - 1) for first in (_CHECK, _ANSWERS)
        )
        self._colour(checks, cells)
        self._checks.append(checks)
        self.row += 1
        return cells

    def finish(self) -> tuple[str, str]:
        """Writes the progress; returns the formulas that count the right answers and all blanks."""
        right, *others = (
            "+".join(f'COUNTIF({checks.there},"{mark}")' for checks in self._checks) for mark in (RIGHT, WRONG, NOT_YET)
        )
        every = "+".join((right, *others))
        self.text(self._progress_row, 0, "progress", self.style.bold)
        self.sheet.merge_range(self._progress_row, 1, self._progress_row, 3, "", self.style.result)
        self.plain(self._progress_row, 1, f'({right})&" of "&({every})&" right"', self.style.result)
        self.sheet.freeze_panes(self._progress_row + 1, 0)
        self.sheet.print_area(0, 0, self.row, len(_WIDTHS) - 1)
        return right, every

    def _titles(self, first: int, titles: Sequence[str]) -> None:
        for column, title in enumerate(titles, start=first):
            self.text(self.row, column, title, self.style.header_right)

    def _blank(self, column: int, formula: str, is_given: bool) -> None:
        """A cell to fill in, or filled in as an example; its mark; and the answer."""
        yours, check, answer = (first + column for first in (_YOURS, _CHECK, _ANSWERS))
        typed, right = self.at(self.row, yours), self.at(self.row, answer)
        self.plain(self.row, answer, formula, self.style.exercise)
        if is_given:
            self.plain(self.row, yours, right, self.style.exercise)
            return
        self.sheet.write_blank(self.row, yours, None, self.style.exercise_input)
        is_near = f"ABS({typed}-{right})<={_TOLERANCE}*(1+ABS({right}))"
        is_right = f"IF(ISNUMBER({typed}),IF(ISNUMBER({right}),{is_near},FALSE),LOWER(TRIM({typed}))={right})"
        mark = f'IF(ISBLANK({typed}),"{NOT_YET}",IF({is_right},"{RIGHT}","{WRONG}"))'
        self.plain(self.row, check, mark, self.style.mark)

    def _colour(self, checks: Range, answers: Range) -> None:
        """Marks are green or red. Answers are white on white until they are revealed."""
        for mark, cell_format in ((RIGHT, self.style.chosen), (WRONG, self.style.error)):
            rule = {"type": "cell", "criteria": "==", "value": f'"{mark}"', "format": cell_format}
            self.sheet.conditional_format(*checks.corners, rule)
        rule = {"type": "formula", "criteria": f'={REVEAL}<>"yes"', "format": self.style.invisible}
        self.sheet.conditional_format(*answers.corners, rule)


def cell(cells: Range, row: int, column: int, tab: str) -> str:
    """The address of one cell of a range in formulas on a tab. Both are counted from 0."""
    if cells.sheet == tab:
        return str(xl_rowcol_to_cell(cells.row + row, cells.column + column))
    return cells.rows(row, 1).columns(column, 1).there


def dot(left: Range, row: int, right: Range, column: int, tab: str) -> str:
    """A row of one table times a column of another, as a sum of products."""
    pairs = range(left.width)
    return "+".join(f"{cell(left, row, k, tab)}*{cell(right, k, column, tab)}" for k in pairs)
