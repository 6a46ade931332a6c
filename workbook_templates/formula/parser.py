"""Formula text to a tree.

Operators bind as in Excel: the sign binds tighter than `^`, so `-2^2` is 4, and operators of one rank group from the
left, so `2^3^2` is 64.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from udfs import excel_errors
from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS

from .ranges import column_number, unquoted_sheet
from .tree import (
    MISSING,
    Array,
    Call,
    Constant,
    Corner,
    Error,
    Name,
    Node,
    Operation,
    Parentheses,
    Reference,
    Table,
)

# How tightly operators bind, loosest first.
BINDING = {
    **dict.fromkeys(("=", "<>", "<", ">", "<=", ">="), 1),
    "&": 2,
    **dict.fromkeys("+-", 3),
    **dict.fromkeys("*/", 4),
    "^": 5,
    ",": 9,
    " ": 10,
    ":": 11,
}
PREFIX = {"-": 6, "+": 6, "@": 8}
PERCENT = 7

_CELL = r"\$?[A-Za-z]{1,3}\$?[1-9]\d{0,6}"
_END = r"(?![\w.(!\\?\[])"
_NAME = r"[^\W\d\\][\w.?\\]*|\\[\w.?\\]*"
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
# Everything but white space and symbols. The order counts: of two kinds that fit, a token is the first.
WORDS = (
    r'(?P<text>"(?:[^"]|"")*")',
    f"(?P<error>{'|'.join(map(re.escape, sorted(excel_errors.ALL)))})",
    r"(?P<sheet>(?:'(?:[^']|'')+'|\[[^\[\]]*\][\w.]*|\w[\w.]*)!)",
    rf"(?P<table>(?:{_NAME})?\[(?:[^\[\]]|\[[^\[\]]*\])*\])",
    rf"(?P<range>{_CELL}{_END}(?::{_CELL}{_END})?)",
    rf"(?P<columns>\$?[A-Za-z]{{1,3}}:\$?[A-Za-z]{{1,3}}{_END})",
    rf"(?P<rows>\$?[1-9]\d{{0,6}}:\$?[1-9]\d{{0,6}}{_END})",
    rf"(?P<number>{_NUMBER})",
    rf"(?P<name>{_NAME})",
)
_SPACE, _SYMBOL = r"(?P<space>[ \t\r\n]+)", r"(?P<symbol><>|<=|>=|[-+*/^&=<>%@#(){},;:])"
_TOKEN = re.compile("|".join((_SPACE, *WORDS, _SYMBOL)))
RANGE_KINDS = ("range", "columns", "rows")
_PLACES = (*RANGE_KINDS, "name", "sheet", "table")


class FormulaError(ValueError):
    """The formula cannot be read: one line."""


class Token(NamedTuple):
    kind: str
    text: str
    is_spaced: bool  # after white space


@lru_cache(maxsize=16_384)
def parse(formula: str) -> Node:
    """The tree of a formula without its equals sign. Raises FormulaError if it cannot be read."""
    try:
        return _Parser(formula).formula()
    except RecursionError:
        raise FormulaError("a formula must not be nested so deeply") from None


class _Parser:
    def __init__(self, formula: str) -> None:
        self._formula = formula
        self._tokens = _tokens(formula)
        self._at = 0
        self._is_list = False  # whether a comma separates arguments here, and does not join ranges

    def formula(self) -> Node:
        tree = self._expression(0)
        if self._next.kind != "end":
            raise self._error()
        return tree

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self, symbol: str = "") -> Token:
        token = self._next
        if symbol and not _is(token, symbol):
            raise self._error()
        self._at += 1
        return token

    def _error(self) -> FormulaError:
        return FormulaError(f"cannot read {self._next.text or 'the end'} in the formula {self._formula[:80]}")

    def _expression(self, loosest: int) -> Node:
        """An operand and all operators after it that bind at least this tightly."""
        tree = self._prefixed()
        while True:
            token = self._tokens[self._at]
            if token.kind == "end":
                return tree
            if loosest <= PERCENT and _is(token, "%"):
                self._take()
                tree = Operation("%", (tree,))
                continue
            symbol = self._operator()
            if symbol is None or BINDING[symbol] < loosest:
                return tree
            if symbol != " ":
                self._take()
            tree = Operation(symbol, (tree, self._expression(BINDING[symbol] + 1)))

    def _operator(self) -> str | None:
        """The operator after the operand just read, if there is one. White space between two ranges is an operator."""
        token = self._next
        if token.kind == "symbol" and token.text in BINDING:
            return None if token.text == "," and self._is_list else token.text
        return " " if token.is_spaced and (token.kind in _PLACES or _is(token, "(")) else None

    def _prefixed(self) -> Node:
        token = self._next
        if token.kind == "symbol" and token.text in PREFIX:
            self._take()
            return Operation(token.text, (self._expression(PREFIX[token.text]),))
        return self._operand()

    def _operand(self) -> Node:
        token = self._take()
        if token.kind in ("name", "sheet", *RANGE_KINDS):
            return self._place(token)
        if token.kind == "number":
            return Constant(float(token.text))
        if token.kind == "text":
            return Constant(token.text[1:-1].replace('""', '"'))
        if token.kind == "error":
            if token.text == excel_errors.REF and self._next.kind in ("name", *RANGE_KINDS):
                self._take()  # `#REF!A1`: a cell of a sheet that was deleted
            return Error(token.text)
        if token.kind == "table":
            return Table(token.text)
        if token.text == "(":
            return self._parentheses()
        if token.text == "{":
            return self._array()
        self._at -= 1
        raise self._error()

    def _parentheses(self) -> Node:
        before, self._is_list = self._is_list, False
        inner = self._expression(0)
        self._is_list = before
        self._take(")")
        return Parentheses(inner)

    def _place(self, token: Token) -> Node:
        """A range, a name or a call, perhaps after a sheet's name."""
        prefix = ""
        if token.kind == "sheet":
            prefix, token = token.text, self._take()
        if token.kind == "name" and _is(self._next, "(") and not self._next.is_spaced:
            return self._call(prefix + token.text)
        sheet = unquoted_sheet(prefix[:-1]) if prefix else None
        if token.kind == "name":
            if not prefix and token.text.upper() in ("TRUE", "FALSE"):
                return Constant(token.text.upper() == "TRUE")
            return Name(sheet, token.text, self._is_spill())
        if token.kind == "error" and prefix:
            return Error(token.text)  # `Head!#REF!`: a cell that was deleted
        if token.kind not in RANGE_KINDS:
            self._at -= 1
            raise self._error()
        first, _, second = token.text.partition(":")
        last = corner(second) if second else None
        reference = Reference(sheet, corner(first), last, spill=last is None and self._is_spill())
        return reference if _fits(reference) else Name(sheet, token.text, reference.spill)

    def _is_spill(self) -> bool:
        if not _is(self._next, "#"):
            return False
        self._take()
        return True

    def _call(self, function: str) -> Node:
        self._take("(")
        before, self._is_list = self._is_list, True
        arguments: list[Node] = []
        while not _is(self._next, ")") or arguments:
            arguments.append(MISSING if self._next.text in (",", ")") else self._expression(0))
            if not _is(self._next, ","):
                break
            self._take()
        self._is_list = before
        self._take(")")
        return Call(function, tuple(arguments))

    def _array(self) -> Node:
        rows: list[tuple[Constant | Error, ...]] = []
        items: list[Constant | Error] = []
        while True:
            items.append(self._item())
            mark = self._take().text
            if mark == ",":
                continue
            rows.append(tuple(items))
            items = []
            if mark == "}" and len({len(row) for row in rows}) == 1:
                return Array(tuple(rows))
            if mark != ";":
                self._at -= 1
                raise self._error()

    def _item(self) -> Constant | Error:
        """A constant in an array, perhaps with a sign."""
        sign = self._take().text if self._next.text in ("-", "+") else ""
        item = self._operand()
        if isinstance(item, Error) and not sign:
            return item
        if isinstance(item, Constant) and not sign:
            return item
        if isinstance(item, Constant) and isinstance(item.value, float):
            return Constant(-item.value) if sign == "-" else item
        raise self._error()


def _tokens(formula: str) -> list[Token]:
    found: list[Token] = []
    at, is_spaced = 0, False
    while at < len(formula):
        match = _TOKEN.match(formula, at)
        if match is None:
            raise FormulaError(f"cannot read {formula[at]} in the formula {formula[:80]}")
        at = match.end()
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(Token(kind, match[0], is_spaced))
        is_spaced = kind == "space"
    return [*found, Token("end", "", is_spaced)]


def _is(token: Token, symbol: str) -> bool:
    return token.kind == "symbol" and token.text == symbol


def corner(text: str) -> Corner:
    """`$B3`, `B` or `$3` as a corner."""
    letters = text.rstrip("0123456789")
    digits = text[len(letters) :]
    fixed_row = bool(digits) and letters.endswith("$")
    fixed_column = letters.startswith("$") and letters != "$"
    column = letters.strip("$")
    return Corner(int(digits) if digits else None, column_number(column) if column else None, fixed_row, fixed_column)


def _fits(reference: Reference) -> bool:
    """Whether a sheet has such rows and columns; `LOG100` looks like a cell, but a sheet's last column is XFD."""
    cells = reference.range
    return cells.bottom <= MAX_ROWS and cells.right <= MAX_COLUMNS
