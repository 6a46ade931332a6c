"""A workbook being written: the file, its dialect, its style, its size, and the marks that its formulas share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from udfs.backend import catalogue
from udfs.backend.gpt2.tokenizer import encode
from udfs.cells import ERROR_MARK
from udfs.excel_limits import MAX_COLUMNS
from udfs.version import VERSION
from workbook_templates.formula import Dialect
from workbook_templates.number_rows import NumberTables
from workbook_templates.stops import Stop
from workbook_templates.style import Style

if TYPE_CHECKING:
    from workbook_templates.sheet import Page

MARK = ERROR_MARK.strip()  # begins every message that a cell shows instead of a value
TITLE = "GPT-2 in Excel"  # the document property title of every workbook
MADE_BY = "gpt2-excel"  # the document property with the version that made a workbook
READY = "ready"  # the status of a prompt that can be computed

_FIRST_MADE = datetime(2025, 1, 1)  # the same input gives the same file
_LABEL_COLUMNS = 4
_LEAST_UNFOLDED = 4
_CHANNELS = 768  # n_embd of GPT-2 small; demo has fewer


@dataclass(frozen=True)
class Shape:
    """The blocks and heads that the tabs show, the rows reserved for tokens, the channels of the stream.

    exact: whether the model must have exactly this many channels, not at most
    """

    n_layer: int = 12
    n_head: int = 12
    tokens: int = 32
    channels: int = _CHANNELS
    exact: bool = False

    @property
    def late_layer(self) -> int:
        """A late layer, for use in examples."""
        return min(9, self.n_layer - 1)


def shape_of(model: str | None, tokens: int, *, exact: bool = False) -> Shape:
    """The shape that fits a model text; None means 12 blocks of 12 heads, which demo and gpt2 have.

    exact: reserve exactly as many channels as the model has (the default model, if None)

    Raises ValueError if the model is not on this machine or if there is no room for that many tokens.
    """
    shape = Shape(tokens=tokens)
    if exact or model is not None:
        config = catalogue.load(model or catalogue.default_name()).config
        channels = config.n_embd if exact else max(config.n_embd, _CHANNELS)
        shape = Shape(config.n_layer, config.n_head, tokens, channels, exact)
    most = (MAX_COLUMNS - _LABEL_COLUMNS) // shape.n_head - 2  # the scores of all heads are side by side
    if not 1 <= tokens <= most:
        raise ValueError(f"tokens must be 1 to {most} for {shape.n_head} heads side by side, not {tokens}")
    return shape


class _Waiting(NamedTuple):
    """A formula that is written when the size of every spill is known. `size` is that of an array, else None."""

    sheet: Worksheet
    row: int
    column: int
    formula: str
    cell_format: Format | None
    size: tuple[int, int] | None
    value: str | float = ""


class Book:
    """What every tab needs to write itself."""

    def __init__(
        self, workbook: Workbook, dialect: Dialect, shape: Shape, stops: Sequence[Stop], *, has_tour: bool
    ) -> None:
        """`stops` declare the tabs that the workbook will have."""
        self.workbook, self.dialect, self.shape = workbook, dialect, shape
        self.stops, self.has_tour = stops, has_tour
        self.pages: list[Page] = []  # in the order of their tabs; each adds itself
        self.style = Style(workbook)
        self.numbers = NumberTables()
        self.unfolded = _LEAST_UNFOLDED  # rows of a band that are in sight at first
        self._places: dict[str, str] = {}  # of the defined names
        self._waiting: list[_Waiting] = []
        workbook.set_properties({"title": TITLE, "created": _FIRST_MADE})
        workbook.set_custom_property(MADE_BY, VERSION)

    def page(self, name: str) -> Page:
        """The tab of that name. Raises KeyError if there is none."""
        return {page.name: page for page in self.pages}[name]

    def fold_after(self, prompt: str) -> None:
        """Folds away, in every band, the rows that this prompt does not need."""
        self.unfolded = max(_LEAST_UNFOLDED, len(encode(prompt)))

    def folded_note(self, *conditions: str) -> str:
        """The formula of a note about folded rows, which is blank unless one of the conditions holds."""
        note = "Some tokens are out of sight: click the small 2 in the top left corner to see them."
        return f'IF(OR({",".join(dict.fromkeys(conditions))}),"{note}","")'

    def command(self, template: str) -> str:
        """The command that makes such a workbook anew for the same program."""
        host = "" if self.dialect.host == "headless" else f" --host {self.dialect.host}"
        return f"gpt2-excel new {template}{host}"

    def name(self, name: str, place: str) -> None:
        """Defines a name for a cell or range, such as `Prompt!$B$5`."""
        self._places[name] = place
        self.workbook.define_name(name, f"={place}")

    def has_name(self, name: str) -> bool:
        """Whether a cell has that name so far."""
        return name in self._places

    def first_cell(self, cells: str) -> tuple[str, str]:
        """The tab and the first cell of a defined name or an address with a tab."""
        tab, _, address = self._places.get(cells, cells).rpartition("!")
        return tab.strip("'"), address.partition(":")[0].replace("$", "")

    def spill(
        self, sheet: Worksheet, row: int, column: int, formula: str, cell_format: Format | None, size: tuple[int, int]
    ) -> None:
        """Writes a formula that spills, given as it reads in Excel, with room for `size`: rows and columns."""
        if self.dialect.is_fixed:
            self.dialect.declare(sheet.name, xl_rowcol_to_cell(row, column), *size)
            self._waiting.append(_Waiting(sheet, row, column, formula, cell_format, size))
            return
        stored = self.dialect.formula(formula)
        sheet.write_dynamic_array_formula(row, column, row, column, f"={stored}", cell_format, "")

    def plain(
        self,
        sheet: Worksheet,
        row: int,
        column: int,
        formula: str,
        cell_format: Format | None,
        value: str | float = "",
    ) -> None:
        """Writes a formula that gives one value and never spills. `value` is shown until it is calculated."""
        if self.dialect.is_fixed:
            self._waiting.append(_Waiting(sheet, row, column, formula, cell_format, None, value))
            return
        sheet.write_formula(row, column, f"={self.dialect.formula(formula)}", cell_format, value)

    def last_array_column(self, sheet: Worksheet) -> int | None:
        """The last column that an array of fixed size fills so far, counted from 0; None if there is no such array."""
        columns = [at.column + at.size[1] - 1 for at in self._waiting if at.sheet is sheet and at.size]
        return max(columns, default=None)

    def finish(self) -> None:
        """Writes the formulas that had to wait until the size of every spill was known."""
        for sheet, row, column, formula, cell_format, size, value in self._waiting:
            stored = f"={self.dialect.formula(formula, sheet.name, *(size or (1, 1)))}"
            if size is None:
                sheet.write_formula(row, column, stored, cell_format, value)
                continue
            sheet.write_array_formula(row, column, row, column, stored, cell_format, "")
            # Given the whole range, XlsxWriter would store a number and a format in each of its cells. Spreadsheet
            # programs fill them anyway, and LibreOffice opens the file in half the time without them.
            last = xl_rowcol_to_cell(row + size[0] - 1, column + size[1] - 1)
            cell = sheet.table[row][column]
            sheet.table[row][column] = cell._replace(range=f"{xl_rowcol_to_cell(row, column)}:{last}")
