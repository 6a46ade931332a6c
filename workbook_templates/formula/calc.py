"""How LibreOffice Calc 7 stores a formula: without dynamic arrays, and under the names of its add-in.

A spill becomes an array formula over all cells that are reserved for it, and `C9#` the address of all of them. Our
functions are told how many cells there are, and leave those blank that their values do not reach. LET and SEQUENCE are
written out. The part of a table is PART until the sizes of all spills are known.
"""

from __future__ import annotations

from udfs.cells import ERROR_MARK, FUNCTIONS

from .dialect import Piece
from .fixed import FixedDialect, counting, whole_number
from .parser import parse
from .printer import print_formula
from .stored import is_ours
from .tree import MISSING, Call, Constant, Name, Node, Operation, Reference, transform

CALC = "calc"
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


def method(name: str) -> str:
    """The add-in's method for a function: gpt2AttentionMix for GPT2_ATTENTION_MIX."""
    first, *others = name.lower().split("_")
    return first + "".join(map(str.title, others))


def calc_name(name: str) -> str:
    """A function's name in a file of LibreOffice's."""
    return f"{SERVICE}.{method(name)}".upper()


class CalcDialect(FixedDialect):
    """The dialect of one workbook for LibreOffice with the add-in."""

    usual_tokens = 14  # LibreOffice takes as long for an unused row as for a used one

    def __init__(self) -> None:
        super().__init__(CALC)

    def formula(self, text: str, tab: str = "", rows: int = 1, columns: int = 1) -> str:
        tree = _filled(transform(self.fixed(text, tab), _as_address), rows, columns)
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

    def has_text(self, cells: str, text: str) -> str:
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

    def looked_up(self, table: str, rows: str, column: int) -> str:
        return f'IFERROR({super().looked_up(table, rows, column)},"")'

    def part(self, table: str, first: int, last: int, *, above: int = 0) -> str:
        return f"PART({table},{first},{last},{above})"

    def largest(self, names: str, values: str, count: int) -> list[Piece]:
        places = f"MATCH(LARGE(ABS({values}),SEQUENCE({count})),ABS({values}),0)"
        return [Piece(f"INDEX({cells},{places},1)", 1) for cells in (names, values)]


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
    numbers = [whole_number(argument) for argument in others]
    if node.function == "PART":
        first, last, above = (number or 0 for number in numbers)
        part = whole.range.column(first).around(whole.range.column(last))
        return Reference.to(whole.sheet, part.below(above))
    if node.function == "INDEX" and len(numbers) == 2 and numbers[0] == 0 and numbers[1]:
        return Reference.to(whole.sheet, whole.range.column(numbers[1]))
    return node


def _filled(node: Node, rows: int, columns: int) -> Node:
    """A formula whose value fills `rows` x `columns` cells, the rest of them blank."""
    if (rows, columns) == (1, 1):
        return node
    if not isinstance(node, Call):  # one value would be repeated in every cell; as a result of ours it is not
        return _filled(Call("GPT2_EDIT", (node, _BLANK)), rows, columns) if _is_single(node) else node
    if is_ours(node.function):
        return _sized(node, rows, columns)
    if node.function == "IF":
        condition, *values = node.arguments
        return Call("IF", (condition, *(_filled(value, rows, columns) for value in values)))
    if node.function == "TRANSPOSE":
        return Call("TRANSPOSE", tuple(_filled(value, columns, rows) for value in node.arguments))
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
    """The part of a call's result that fills `rows` x `columns` cells."""
    if node.function != "PART":
        return node
    inner, *numbers = node.arguments
    first, last, above = (whole_number(number) or 0 for number in numbers)
    shown = Constant(float(first)) if first == last else _counted(columns, first - 1, down=False)
    return Call("INDEX", (_with_rows(inner, rows + above), _counted(rows, above), shown))


def _with_rows(node: Node, rows: int) -> Node:
    """A call whose result has `rows` rows, some of them blank, and all its columns."""
    return _sized(node, rows, None) if isinstance(node, Call) and is_ours(node.function) else node


def _sized(call: Call, rows: int, columns: int | None) -> Call:
    left_out = [MISSING] * (_argument_count(call.function) - len(call.arguments))
    width = MISSING if columns is None else Constant(float(columns))
    return Call(call.function, (*call.arguments, *left_out, Constant(float(rows)), width))


def _counted(count: int, after: int, *, down: bool = True) -> Node:
    """The numbers after one number, such as 3, 4, 5, one under the other or side by side."""
    return parse(f"{counting(count, down=down)}+{after}")


def _argument_count(name: str) -> int:
    return len(FUNCTIONS[name].arguments)
