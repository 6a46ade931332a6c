"""How LibreOffice Calc 7 stores a formula: without dynamic arrays, with the names that its add-in answers to.

A spill becomes an array formula over all cells that are reserved for it, and `C9#` the address of all of them. What
its values leave is blank: our functions are told how many cells there are. LET is written out, DROP and TAKE of a
spill are addresses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from xlsxwriter.utility import quote_sheetname, xl_cell_to_rowcol, xl_col_to_name

import udfs
from udfs.function import describe
from workbook_templates.dialect import Dialect, Piece
from workbook_templates.formula_text import Area, area_of, call_of, change_calls, is_single, outside_texts, without_let

SERVICE = "org.gpt2excel"  # the add-in's name among LibreOffice's services

# What every function takes in Calc besides its own arguments.
ARRAY_ARGUMENTS = {
    "array_rows": "only for an array formula: its rows; what the result leaves of them stays blank",
    "array_columns": "only for an array formula: its columns",
}

_OURS = re.compile(r"\b(GPT2_\w+)\(")
_SPILL = re.compile(r"((?:'[^']+'|\w+)!)?(\$?[A-Z]{1,3}\$?[1-9]\d*)#")
_PREFIXED = re.compile(r"\b(?=TEXTJOIN\()")
_MISSING = re.compile(r"\b(?:DROP|EXPAND|HSTACK|LET|SEQUENCE|SORTBY|TAKE|VSTACK|WRAPROWS)\(|#(?=[^!]|$)")
_WHOLE = re.compile(r"-?\d+")
_STATIC = "Start!"  # a tab whose upper left cells hold no results: counting over it makes nothing depend on anything


def method(name: str) -> str:
    """The method of the add-in that is a function: gpt2AttentionMix for GPT2_ATTENTION_MIX."""
    first, *others = name.lower().split("_")
    return first + "".join(map(str.title, others))


def stored(name: str) -> str:
    """A function's name in a file."""
    return f"{SERVICE}.{method(name)}".upper()


class CalcDialect(Dialect):
    """The dialect of one workbook: it knows the size of every spill."""

    is_fixed = True
    usual_tokens = 16

    def __init__(self) -> None:
        super().__init__("calc", "")
        self._sizes: dict[tuple[str, str], tuple[int, int]] = {}

    def declare(self, tab: str, cell: str, rows: int, columns: int) -> None:
        self._sizes[f"{quote_sheetname(tab)}!", cell.replace("$", "")] = rows, columns

    def formula(self, text: str, tab: str = "", rows: int = 1, columns: int = 1) -> str:
        text = outside_texts(without_let(text), lambda code: self._with_addresses(code, f"{quote_sheetname(tab)}!"))
        text = _filled(change_calls(text, _as_address), rows, columns)
        return outside_texts(text, _with_stored_names)

    def _with_addresses(self, code: str, own: str) -> str:
        def address(spill: re.Match[str]) -> str:
            tab, cell = spill[1] or "", spill[2].replace("$", "")
            if (tab or own, cell) not in self._sizes:
                raise ValueError(f"no formula spills from {tab or own}{cell}, and {code} reads it")
            rows, columns = self._sizes[tab or own, cell]
            row, column = xl_cell_to_rowcol(cell)
            return str(Area(tab, row, column, row + rows - 1, column + columns - 1))

        return _SPILL.sub(address, code)

    def rows(self, spill: str) -> str:
        return f"SUMPRODUCT(({self.is_filled(f'INDEX({spill},0,1)')})*1)"

    def columns(self, spill: str) -> str:
        return f"SUMPRODUCT(({self.is_filled(f'INDEX({spill},1,0)')})*1)"

    # To LibreOffice a text that an add-in gave in an array equals no other, not even "", before it went through a
    # function of its own or through &.

    def is_filled(self, cells: str) -> str:
        return f"LEN({cells})>0"

    def is_blank(self, cells: str) -> str:
        return f"LEN({cells})=0"

    def says(self, cells: str, text: str) -> str:
        return f'{cells}&""="{text}"'

    def largest_difference(self, values: str, others: str) -> str:
        return f"MAX(IF(ISNUMBER({others}),ABS({values}-{others}),0))"

    def are_equal(self, text: str, other: str) -> str:
        return f'EXACT({text}&"",{other}&"")'

    def found(self, key: str, table: str, column: int) -> str:
        return f'INDEX({table},MATCH({key},INDEX({table},0,1)&"",0),{column})'

    def last_row(self, spill: str) -> str:
        return f"INDEX({spill},MAX(1,{self.rows(spill)}),0)"

    def counted(self, cell: str, *, down: bool = False) -> str:
        filled = f"INDEX({cell}#,0,1)" if down else f"INDEX({cell}#,1,0)"
        return f'IF({self.is_filled(filled)},{super().counted(cell, down=down)},"")'

    def added(self, spill: str, other: str) -> str:
        return f'IF(ISNUMBER({spill}),{spill}+{other},"")'

    def looked_up(self, table: str, rows: str, column: int) -> str:
        return f'IFERROR({super().looked_up(table, rows, column)},"")'

    def typed_over(self, cells: str, values: str) -> str:
        return cells

    def wrapped(self, values: str, rows: int, width: int) -> str:
        return f"INDEX({values},({_counting(rows)}-1)*{width}+{_counting(width, down=False)},1)"

    def largest(self, table: str, width: int, count: int) -> list[Piece]:
        values = f"INDEX({table},0,{width})"
        places = f"MATCH(LARGE(ABS({values}),{_counting(count)}),ABS({values}),0)"
        return [Piece(f"INDEX({table},{places},{column})", 1) for column in (1, width)]

    def beside(self, columns: Sequence[str], *, even: bool = True) -> list[Piece]:
        return [Piece(column if even else f'IFERROR({column},"")', 1) for column in columns]

    def side_by_side(self, squares: Sequence[str], rows: str, reserved: int) -> list[Piece]:
        return [Piece(square, reserved, gap=1) for square in squares]

    def titles_side_by_side(self, titles: str, rows: str, count: int, reserved: int) -> list[Piece]:
        return [Piece(f"TRANSPOSE({titles})", reserved, gap=1)] * count

    def names_side_by_side(self, cell: str, name: str, rows: str, count: int, reserved: int) -> list[Piece]:
        return [Piece(f'"{name} {number}"', 1, gap=reserved) for number in range(count)]


def _with_stored_names(code: str) -> str:
    """Raises ValueError for a function that LibreOffice lacks."""
    if missing := _MISSING.search(code):
        raise ValueError(f"LibreOffice has no {missing[0]!r}, and {code} needs it: a method of Dialect is wanted")
    return _OURS.sub(lambda found: f"{stored(found[1])}(", _PREFIXED.sub("_xlfn.", code))


def _as_address(name: str, arguments: list[str]) -> str | None:
    """A part of a range, where it can be told now."""
    area = area_of(arguments[0]) if arguments else None
    if area is None:
        return None
    numbers = [int(part or 0) for part in arguments[1:] if _WHOLE.fullmatch(part or "0")]
    if len(numbers) < len(arguments) - 1:
        return None
    if name == "DROP":
        return str(area.dropped(*(*numbers, 0)[:2]))
    if name == "INDEX" and len(numbers) == 2 and numbers[0] == 0 and numbers[1]:
        return str(area.column_of(numbers[1]))
    return None


def _filled(text: str, rows: int, columns: int) -> str:
    """A formula whose value takes all of so many cells, the rest of them blank."""
    if (rows, columns) == (1, 1):
        return text
    call = call_of(text)
    if call is None:  # one value would be repeated in every cell; given to a function of ours, a message is not
        return _filled(f'GPT2_EDIT({text},"")', rows, columns) if is_single(text) else text
    name, arguments = call
    if name.startswith("GPT2_"):
        return _sized(name, arguments, rows, columns)
    if name == "IF":
        condition, *values = arguments
        return f"IF({','.join([condition, *(_filled(value, rows, columns) for value in values)])})"
    if name == "IFERROR":
        return f"IFERROR({_filled(arguments[0], rows, columns)},{arguments[1]})"
    return _part(name, arguments, rows, columns) or text


def _part(name: str, arguments: list[str], rows: int, columns: int) -> str | None:
    """A part of a function's result that fills so many cells; None where it is none."""
    if name == "TAKE":
        return _filled(arguments[0], rows, columns)
    if name == "INDEX" and arguments[1:2] == ["0"] and call_of(arguments[0]):
        inner, column = arguments[0], int(arguments[2])
        dropped = call_of(inner)
        above = 0
        if dropped and dropped[0] == "DROP":
            inner, above = dropped[1][0], int(dropped[1][1])
        whole = _with_rows(inner, rows + above)
        return f"INDEX({whole},{_counting(rows)}+{above},{column})"
    if name == "DROP":
        inner, above, left = arguments[0], int(arguments[1] or 0), int((*arguments, "0")[2])
        whole = _with_rows(inner, rows + above)
        return f"INDEX({whole},{_counting(rows)}+{above},{_counting(columns, down=False)}+{left})"
    return None


def _with_rows(text: str, rows: int) -> str:
    """A call whose result has so many rows, some of them blank, and all its columns."""
    call = call_of(text)
    return _sized(*call, rows, "") if call and call[0].startswith("GPT2_") else text


def _sized(name: str, arguments: list[str], rows: int, columns: int | str) -> str:
    left_out = [""] * (_argument_count(name) - len(arguments))
    return f"{name}({','.join([*arguments, *left_out, str(rows), str(columns)])})"


def _counting(count: int, *, down: bool = True) -> str:
    """1, 2, 3, ... one under the other, or side by side."""
    last = f"$A${count}" if down else f"${xl_col_to_name(count - 1)}$1"
    return f"{'ROW' if down else 'COLUMN'}({_STATIC}$A$1:{last})"


@cache
def _argument_count(name: str) -> int:
    return len(describe(getattr(udfs, name.lower())).arguments)
