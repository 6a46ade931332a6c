"""How LibreOffice Calc 7 stores a formula: without dynamic arrays, and under the names of its add-in.

A spill becomes an array formula over all cells that are reserved for it, and `C9#` the address of all of them. Our
functions are told how many cells there are, and leave those blank that their values do not reach. LET and SEQUENCE are
written out. The part of a table is PART until the sizes of all spills are known.
"""

from __future__ import annotations

from collections.abc import Sequence

from udfs.cells import ERROR_MARK, FUNCTIONS

from .dialect import Dialect, Piece
from .parser import parse
from .printer import print_formula
from .ranges import CellRange, column_letters, parse_cell
from .stored import is_ours, without_let
from .tree import MISSING, Call, Constant, Missing, Name, Node, Operation, Reference, transform

SERVICE = "org.gpt2excel"  # the add-in's name among LibreOffice's services

# What every function takes in Calc besides its own arguments.
ARRAY_ARGUMENTS = {
    "array_rows": "only for an array formula: its rows; what the result leaves of them stays blank",
    "array_columns": "only for an array formula: its columns",
}

_PREFIXED = frozenset({"TEXTJOIN"})
_UNKNOWN = frozenset(
    ["FILTER", "LET", "PART", "RANDARRAY", "SEQUENCE", "SORT", "SORTBY", "UNIQUE", "XLOOKUP", "XMATCH"]
)
_BLANK = Constant("")
_STATIC = "Start!"  # a tab without results in its upper left cells: a formula that counts over them depends on nothing


def method(name: str) -> str:
    """The add-in's method for a function: gpt2AttentionMix for GPT2_ATTENTION_MIX."""
    first, *others = name.lower().split("_")
    return first + "".join(map(str.title, others))


def calc_name(name: str) -> str:
    """A function's name in a file of LibreOffice's."""
    return f"{SERVICE}.{method(name)}".upper()


class CalcDialect(Dialect):
    """The dialect of one workbook, which records the size of every spill."""

    is_fixed = True
    usual_tokens = 16

    def __init__(self) -> None:
        super().__init__("calc", "")
        self._spills: dict[tuple[str, tuple[int, int]], CellRange] = {}

    def declare(self, tab: str, cell: str, rows: int, columns: int) -> None:
        place = parse_cell(cell)
        if place is None:
            raise ValueError(f"a spill must begin in a cell, not in {cell!r}")
        row, column = place
        self._spills[tab, place] = CellRange(row, column, row + rows - 1, column + columns - 1)

    def formula(self, text: str, tab: str = "", rows: int = 1, columns: int = 1) -> str:
        def with_address(node: Node) -> Node:
            if not isinstance(node, Reference) or not node.spill:
                return node
            home, anchor = node.sheet or tab, node.range
            if (home, anchor[:2]) not in self._spills:
                raise ValueError(f"no formula spills from {home}!{anchor}, and {text} reads it")
            return Reference.to(node.sheet, self._spills[home, anchor[:2]])

        tree = transform(transform(parse(text), without_let), with_address)
        tree = _filled(transform(transform(tree, _as_address), _without_sequence), rows, columns)
        return print_formula(transform(tree, _with_calc_names))

    def rows(self, spill: str) -> str:
        return f"SUMPRODUCT(({self.is_filled(f'INDEX({spill},0,1)')})*1)"

    def columns(self, spill: str) -> str:
        return f"SUMPRODUCT(({self.is_filled(f'INDEX({spill},1,0)')})*1)"

    # In LibreOffice a text that an add-in returned in an array does not equal any text, not even "", until it has gone
    # through a built-in function or through &.

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

    def part(self, table: str, first: int, last: int, *, above: int = 0) -> str:
        return f"PART({table},{first},{last},{above})"

    def typed_over(self, cells: str, values: str) -> str:
        return cells

    def largest(self, names: str, values: str, count: int) -> list[Piece]:
        places = f"MATCH(LARGE(ABS({values}),SEQUENCE({count})),ABS({values}),0)"
        return [Piece(f"INDEX({cells},{places},1)", 1) for cells in (names, values)]

    def side_by_side(self, squares: Sequence[str], rows: str, reserved: int) -> list[Piece]:
        return [Piece(square, reserved, gap=1) for square in squares]

    def titles_side_by_side(self, cell: str, labels: str, rows: str, count: int, reserved: int) -> list[Piece]:
        return [Piece(f"TRANSPOSE(INDEX({labels},0,2))", reserved, gap=1)] * count

    def names_side_by_side(self, cell: str, name: str, rows: str, count: int, reserved: int) -> list[Piece]:
        return [Piece(f'"{name} {number}"', 1, gap=reserved) for number in range(count)]


def _with_calc_names(node: Node) -> Node:
    """Raises ValueError for a function that LibreOffice lacks."""
    if isinstance(node, Name) and node.spill:
        raise ValueError(f"LibreOffice has no spills: {node.name}# must be the spill of a cell")
    if not isinstance(node, Call):
        return node
    if node.function in _UNKNOWN:
        raise ValueError(f"LibreOffice has no {node.function}: use a method of Dialect, not {print_formula(node)}")
    if is_ours(node.function):
        return Call(calc_name(node.function), node.arguments)
    return Call(f"_xlfn.{node.function}", node.arguments) if node.function in _PREFIXED else node


def _as_address(node: Node) -> Node:
    """A part of a range, or one of its columns, as an address."""
    if not isinstance(node, Call) or not node.arguments:
        return node
    whole, *others = node.arguments
    if not isinstance(whole, Reference):
        return node
    numbers = [_whole_number(argument) for argument in others]
    if node.function == "PART":
        first, last, above = (number or 0 for number in numbers)
        part = whole.range.column(first).around(whole.range.column(last))
        return Reference.to(whole.sheet, part.below(above))
    if node.function == "INDEX" and len(numbers) == 2 and numbers[0] == 0 and numbers[1]:
        return Reference.to(whole.sheet, whole.range.column(numbers[1]))
    return node


def _without_sequence(node: Node) -> Node:
    """SEQUENCE of constant size written out: the rows or columns of a range of that size."""
    if not isinstance(node, Call) or node.function != "SEQUENCE" or len(node.arguments) > 3:
        return node
    given = (*node.arguments, MISSING, MISSING)[:3]
    rows, columns, start = (1 if isinstance(number, Missing) else _whole_number(number) for number in given)
    if rows is None or columns is None or start is None:
        return node
    if columns == 1:
        text = _counting(rows)
    elif rows == 1:
        text = _counting(columns, down=False)
    else:
        text = f"({_counting(rows)}-1)*{columns}+{_counting(columns, down=False)}"
    return parse(text if start == 1 else f"{text}{start - 1:+d}")


def _whole_number(node: Node) -> int | None:
    """The number that an argument is, 0 if it is left out; None if it has to be computed."""
    if isinstance(node, Missing):
        return 0
    is_whole = isinstance(node, Constant) and type(node.value) is float and node.value.is_integer()
    return int(node.value) if is_whole else None  # type: ignore[union-attr]


def _filled(node: Node, rows: int, columns: int) -> Node:
    """A formula whose value takes all of so many cells, the rest of them blank."""
    if (rows, columns) == (1, 1):
        return node
    if not isinstance(node, Call):  # one value would be repeated in every cell; as a result of ours it is not
        return _filled(Call("GPT2_EDIT", (node, _BLANK)), rows, columns) if _is_single(node) else node
    if is_ours(node.function):
        return _sized(node, rows, columns)
    if node.function == "IF":
        condition, *values = node.arguments
        return Call("IF", (condition, *(_filled(value, rows, columns) for value in values)))
    if node.function == "IFERROR":
        value, otherwise = node.arguments
        return Call("IFERROR", (_filled(value, rows, columns), otherwise))
    return _part(node, rows, columns)


def _is_single(node: Node) -> bool:
    """Whether a formula is one cell, a name or a message: one value, as far as can be seen."""
    while isinstance(node, Operation):
        node = node.operands[0]
        if not isinstance(node, (Operation, Constant)):
            return False
    if isinstance(node, Constant):
        return isinstance(node.value, str) and node.value.startswith(ERROR_MARK)
    return isinstance(node, Name) or (isinstance(node, Reference) and node.last is None)


def _part(node: Call, rows: int, columns: int) -> Node:
    """The part of a call's result, so that it fills so many cells."""
    if node.function != "PART":
        return node
    inner, *numbers = node.arguments
    first, last, above = (_whole_number(number) or 0 for number in numbers)
    shown = Constant(float(first)) if first == last else _counted(columns, first - 1, down=False)
    return Call("INDEX", (_with_rows(inner, rows + above), _counted(rows, above), shown))


def _with_rows(node: Node, rows: int) -> Node:
    """A call whose result has so many rows, some of them blank, and all its columns."""
    return _sized(node, rows, None) if isinstance(node, Call) and is_ours(node.function) else node


def _sized(call: Call, rows: int, columns: int | None) -> Call:
    left_out = [MISSING] * (_argument_count(call.function) - len(call.arguments))
    width = MISSING if columns is None else Constant(float(columns))
    return Call(call.function, (*call.arguments, *left_out, Constant(float(rows)), width))


def _counted(count: int, after: int, *, down: bool = True) -> Node:
    """The numbers after one number, such as 3, 4, 5, one under the other or side by side."""
    return parse(f"{_counting(count, down=down)}+{after}")


def _counting(count: int, *, down: bool = True) -> str:
    """1, 2, 3, ... one under the other, or side by side."""
    last = f"$A${count}" if down else f"${column_letters(count)}$1"
    return f"{'ROW' if down else 'COLUMN'}({_STATIC}$A$1:{last})"


def _argument_count(name: str) -> int:
    return len(FUNCTIONS[name].arguments)
