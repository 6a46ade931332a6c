"""Formulas as Excel's files store them: `_xlfn.ANCHORARRAY(C9)` for `C9#`, prefixes before newer functions and ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TypeGuard

from .parser import FormulaError, parse
from .tree import Call, Name, Node, Operation, Parentheses, Reference, Unsupported, transform

# Functions that are newer than the file format.
_NEWER = frozenset(
    [
        *("CONCAT", "DROP", "EXPAND", "HSTACK", "IFS", "LAMBDA", "LET", "MAXIFS", "MINIFS", "RANDARRAY", "SEQUENCE"),
        *("SORTBY", "SWITCH", "TAKE", "TEXTJOIN", "TOCOL", "TOROW", "UNIQUE", "VSTACK", "WRAPCOLS", "WRAPROWS"),
        *("XLOOKUP", "XMATCH"),
    ]
)
_NEWER_OF_SHEETS = frozenset({"FILTER", "SORT"})
_OURS = "GPT2_"

_PREFIX = re.compile(r"(?:_XLFN\.|_XLWS\.|_XLPM\.|_XLUDF\.|_XLDUDF_)+")

_IS_PLAIN = re.compile(r"[A-Z0-9$.+\-*/^&=<>]*")  # cells, numbers and operators: nothing to make plain


def is_ours(function: str) -> bool:
    """Whether a function of that plain name is one of this project's."""
    return function.startswith(_OURS)


def plain_name(name: str) -> str:
    """A function's or variable's name without prefixes, in upper case: `_xldudf_GPT2_BLOCK` -> `GPT2_BLOCK`."""
    upper = name.rpartition("!")[2].upper()
    prefix = _PREFIX.match(upper)
    return upper[prefix.end() :] if prefix else upper


@lru_cache(maxsize=16_384)
def parse_stored(formula: str) -> Node:
    """The plain tree of a formula in a file; Unsupported if the formula cannot be read."""
    try:
        return parse(formula) if _IS_PLAIN.fullmatch(formula) else plain(parse(formula))
    except FormulaError:
        return Unsupported(formula, "a formula that cannot be read")


def plain(tree: Node) -> Node:
    """A stored formula without prefixes, links and parentheses, its names in upper case.

    `C9#` replaces ANCHORARRAY, and the call SINGLE replaces `@`.
    """
    return transform(tree, _plain)


def _plain(node: Node) -> Node:
    if isinstance(node, Parentheses):
        return node.inner
    if isinstance(node, Name):
        return replace(node, name=plain_name(node.name))
    if isinstance(node, Operation):
        return _plain_operation(node)
    if not isinstance(node, Call):
        return node
    function = plain_name(node.function)
    if function == "ANCHORARRAY" and len(node.arguments) == 1:
        cell = node.arguments[0]
        if isinstance(cell, Name) or (isinstance(cell, Reference) and cell.last is None):
            return replace(cell, spill=True)
    return Call(function, node.arguments)


def _plain_operation(node: Operation) -> Node:
    if node.symbol == "@":
        return Call("SINGLE", node.operands)
    if node.symbol == ":":  # `A1:Head!B2` was read as two ranges
        first, second = node.operands
        if _is_range(first) and _is_range(second) and second.sheet in (None, first.sheet):
            return Reference.to(first.sheet, first.range.around(second.range))
        if isinstance(first, (Name, Reference)) and first.sheet is None and isinstance(second, (Name, Reference)):
            sheet = first.name if isinstance(first, Name) else str(first.range)
            if second.sheet is not None:
                return replace(second, sheet=f"{sheet}:{second.sheet}")  # `Jan:Dec!A1`, cells of several sheets
    return node


def _is_range(node: Node) -> TypeGuard[Reference]:
    return isinstance(node, Reference) and not node.spill


def stored(tree: Node, prefix: str) -> Node:
    """A formula as it reads in Excel, turned into what the file holds. `prefix` comes before our functions' names."""

    def change(node: Node) -> Node:
        if isinstance(node, (Reference, Name)) and node.spill:
            return Call("_xlfn.ANCHORARRAY", (replace(node, spill=False),))
        if isinstance(node, Operation) and node.symbol == "@":
            return Call("_xlfn.SINGLE", node.operands)
        if not isinstance(node, Call):
            return node
        variables: dict[Node, Node] = {Name(None, name): Name(None, f"_xlpm.{name}") for name in bound_names(node)}
        arguments = tuple(substituted(argument, variables) for argument in node.arguments) if variables else None
        return Call(stored_name(node.function, prefix), arguments or node.arguments)

    return transform(tree, change)


def bound_names(call: Call) -> list[str]:
    """The variables that a LET or LAMBDA introduces."""
    step = {"LET": 2, "LAMBDA": 1}.get(call.function)
    return [name.name for name in call.arguments[:-1:step] if isinstance(name, Name)] if step else []


def substituted(tree: Node, values: Mapping[Node, Node]) -> Node:
    """The tree with some of its nodes replaced by others."""
    return transform(tree, lambda node: values.get(node, node))


def without_let(node: Node) -> Node:
    """A LET written out, each variable replaced by its value; any other node as it is."""
    if not isinstance(node, Call) or node.function != "LET" or len(node.arguments) % 2 == 0:
        return node
    *pairs, body = node.arguments
    for variable, value in reversed(list(zip(pairs[::2], pairs[1::2], strict=True))):  # a value may use those before it
        is_safe = isinstance(value, Call) or (isinstance(value, Reference) and not value.spill)
        body = substituted(body, {variable: value if is_safe else Parentheses(value)})
    return body


def stored_name(function: str, prefix: str) -> str:
    """A function's name in a file."""
    if is_ours(function):
        return prefix + function
    if function in _NEWER:
        return f"_xlfn.{function}"
    return f"_xlfn._xlws.{function}" if function in _NEWER_OF_SHEETS else function
