"""Formula text to a tree. The PyPI library `formulas` tokenizes and orders; the tree is ours, so that it can be walked
for what it reads and evaluated branch by branch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from formulas.errors import BaseError
from formulas.parser import Parser
from formulas.tokens import Token
from formulas.tokens.function import Function, Lambda
from formulas.tokens.operand import Empty, Range, String
from formulas.tokens.operator import Operator

from .address import MAX_COLUMN, MAX_ROW, Rect, column_letters, column_number
from .values import NAME, REF, Scalar


@dataclass(frozen=True)
class Constant:
    value: Scalar


@dataclass(frozen=True)
class Missing:
    """An argument left out between two commas."""


@dataclass(frozen=True)
class Reference:
    """A rectangle on a sheet (None: the formula's own), or with `anchor` whatever spills from its first cell."""

    sheet: str | None
    rect: Rect
    anchor: bool = False


@dataclass(frozen=True)
class Name:
    """A defined name, or a variable of LET and LAMBDA, in upper case."""

    sheet: str | None
    name: str
    anchor: bool = False


@dataclass(frozen=True)
class Call:
    """A function by its plain name, in upper case, without the prefixes that files carry."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Operation:
    symbol: str
    operands: tuple[Node, ...]


Node: TypeAlias = "Constant | Missing | Reference | Name | Call | Operation"

# Prefixes under which files store functions and variables: newer than the format, and ours in Excel.
_PREFIX = re.compile(r"^(?:_XLFN\.|_XLWS\.|_XLPM\.|_XLUDF\.|_XLDUDF_)+")
# A function of another add-in workbook is stored with the number of that link in front.
_LINKED_FUNCTION = re.compile(r"(?:\[\d+\]|'[^'\[\]]*\[?[^'\[\]]*\.xlam\]?')!(?=[A-Za-z_][\w.]*\()", re.IGNORECASE)
_STRINGS = re.compile(r'("(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'!?)')
_RELATIVE = re.compile(r"(?<![\w.$])(\$?)([A-Za-z]{1,3})(\$?)([1-9]\d{0,6})(?![\w(.!])")
_COLUMNS = re.compile(r"(?<![\w.$:])(\$?)([A-Za-z]{1,3}):(\$?)([A-Za-z]{1,3})(?![\w(.!:])")
_ROWS = re.compile(r"(?<![\w.$:])(\$?)(\d+):(\$?)(\d+)(?![\w(.!:])")
# The parser drops line ends, in texts too: there this character stands for them meanwhile.
_LINE_END = "\x1f"


class _TreeBuilder:
    """Receives tokens in postfix order from the parser and stacks them into a tree."""

    def __init__(self, match: dict[str, str]) -> None:
        self._stack: list[Node] = []

    def __len__(self) -> int:
        return len(self._stack)

    def append(self, token: Token) -> None:
        if isinstance(token, (Operator, Function)):
            count = token.get_n_args
            start = len(self._stack) - count
            if start < 0:
                raise BaseError("too few operands")
            operands = tuple(self._stack[start:])
            del self._stack[start:]
            self._stack.append(_branch(token, operands))
        else:
            self._stack.append(_leaf(token))

    def finish(self) -> None:
        pass

    @property
    def tree(self) -> Node:
        return self._stack[0]


class _Parser(Parser):  # type: ignore[misc]  # formulas carries no types
    ast_builder = _TreeBuilder
    # The library's own LET and LAMBDA tokens would build its graph: here both are plain calls.
    filters = tuple(f for f in Parser.filters if f is not Lambda)


_parser = _Parser()


@lru_cache(maxsize=16_384)
def parse(formula: str) -> Node:
    """Tree of a formula written without its equals sign; #NAME? where it cannot be read."""
    text = _one_line(_LINKED_FUNCTION.sub("", formula))
    try:
        builder = _parser.ast("=" + text)[1]
    except (BaseError, KeyError, ValueError):
        return Constant(NAME)
    tree: Node = builder.tree
    return tree


def plain_name(name: str) -> str:
    """`_xlfn._xlws.SORT` -> `SORT`; `_xldudf_GPT2_BLOCK` -> `GPT2_BLOCK`."""
    return _PREFIX.sub("", name.upper())


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it. A sum of a thousand cells is a thousand levels deep: too many for recursion."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(children(node))


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below a node."""
    if isinstance(node, Call):
        return node.arguments
    return node.operands if isinstance(node, Operation) else ()


def shift(formula: str, rows: int, columns: int) -> str:
    """The formula as it reads when it is copied that many rows down and columns to the right."""

    def column(dollar: str, letters: str) -> str:
        return dollar + (letters if dollar else column_letters(column_number(letters) + columns))

    def row(dollar: str, digits: str) -> str:
        return dollar + (digits if dollar else str(int(digits) + rows))

    def code(text: str) -> str:
        text = _RELATIVE.sub(lambda m: column(m[1], m[2]) + row(m[3], m[4]), text)
        text = _COLUMNS.sub(lambda m: f"{column(m[1], m[2])}:{column(m[3], m[4])}", text)
        return _ROWS.sub(lambda m: f"{row(m[1], m[2])}:{row(m[3], m[4])}", text)

    parts = _STRINGS.split(formula)
    return "".join(part if i % 2 else code(part) for i, part in enumerate(parts))


def _one_line(formula: str) -> str:
    parts = _STRINGS.split(formula)
    return "".join(part.replace("\n", _LINE_END if i % 2 else " ") for i, part in enumerate(parts))


def _branch(token: Token, operands: tuple[Node, ...]) -> Node:
    if isinstance(token, Function):
        return Call(plain_name(token.name), operands)
    if token.name == ":" and len(operands) == 2:
        first, second = operands
        if isinstance(first, Reference) and isinstance(second, Reference):
            plain = not (first.anchor or second.anchor)
            if plain and second.sheet in (None, first.sheet):
                return Reference(first.sheet, first.rect.around(second.rect))
    return Operation(token.name.upper(), operands)


def _leaf(token: Token) -> Node:
    if isinstance(token, Empty):
        return Missing()
    if isinstance(token, Range):
        return _reference(token.attr)
    value = token.compile()
    if isinstance(token, String):
        value = value.replace(_LINE_END, "\n")
    return Constant(float(value) if type(value) is int else value)


def _reference(attr: dict[str, Any]) -> Node:
    if attr.get("excel_id") or attr.get("filename"):
        return Constant(REF)
    sheet = attr["sheet"].replace("''", "'") if attr.get("sheet") else None
    anchor = bool(attr.get("anchor"))
    if "r1" not in attr or (int(attr["r1"]) == 0 and attr["n1"] == 0):
        return Name(sheet, plain_name(attr["ref"]), anchor)
    rows = sorted((int(attr["r1"]) or 1, int(attr["r2"]) or MAX_ROW))
    columns = sorted((int(attr["n1"]) or 1, int(attr["n2"]) or MAX_COLUMN))
    return Reference(sheet, Rect(rows[0], columns[0], rows[1], columns[1]), anchor)
