"""A tree to formula text, without white space."""

from __future__ import annotations

from decimal import Decimal

from .parser import BINDING, PERCENT, PREFIX
from .ranges import column_letters, quoted_sheet
from .tree import Array, Call, Constant, Corner, Missing, Name, Node, Operation, Parentheses, Reference

_UNION = BINDING[","]


def print_formula(node: Node) -> str:
    """The formula's text, without its equals sign. Parentheses are added where the nesting needs them."""
    if isinstance(node, Operation):
        return _operation(node)
    if isinstance(node, Call):
        return f"{node.function}({','.join(_operand(argument, 0) for argument in node.arguments)})"
    if isinstance(node, Parentheses):
        return f"({print_formula(node.inner)})"
    if isinstance(node, Reference):
        last = f":{_corner(node.last)}" if node.last else ""
        return f"{_sheet(node.sheet)}{_corner(node.first)}{last}{'#' * node.spill}"
    if isinstance(node, Name):
        return f"{_sheet(node.sheet)}{node.name}{'#' * node.spill}"
    if isinstance(node, Array):
        return "{" + ";".join(",".join(map(print_formula, row)) for row in node.rows) + "}"
    if isinstance(node, Constant):
        return _constant(node.value)
    return "" if isinstance(node, Missing) else node.text


def _operation(node: Operation) -> str:
    # A sum of a thousand cells is a thousand operations, each the first operand of the next: recursion is too deep.
    chain = [node]
    while not _is_prefix(chain[-1]):
        first = chain[-1].operands[0]
        if not isinstance(first, Operation) or _needs_parentheses(first, _left(chain[-1])):
            break
        chain.append(first)
    innermost = chain[-1]
    if _is_prefix(innermost):
        text = innermost.symbol + _operand(innermost.operands[0], PREFIX[innermost.symbol])
        chain.pop()
    else:
        text = _operand(innermost.operands[0], _left(innermost))
    for operation in reversed(chain):
        text += operation.symbol
        if len(operation.operands) == 2:
            text += _operand(operation.operands[1], BINDING[operation.symbol] + 1)
    return text


def _operand(node: Node, loosest: int) -> str:
    text = print_formula(node)
    return f"({text})" if _needs_parentheses(node, loosest) else text


def _needs_parentheses(node: Node, loosest: int) -> bool:
    """Whether an operand binds less tightly than its place needs."""
    if isinstance(node, Constant) and isinstance(node.value, float) and node.value < 0:
        return PREFIX["-"] < loosest
    if not isinstance(node, Operation):
        return False
    if node.symbol == ",":  # without parentheses, a union inside an argument would be two arguments
        return loosest != _UNION
    if _is_prefix(node):
        return PREFIX[node.symbol] < loosest
    return (PERCENT if node.symbol == "%" else BINDING[node.symbol]) < loosest


def _left(node: Operation) -> int:
    """How tightly the first operand must bind."""
    return PERCENT if node.symbol == "%" else BINDING[node.symbol]


def _is_prefix(node: Operation) -> bool:
    return len(node.operands) == 1 and node.symbol != "%"


def _sheet(name: str | None) -> str:
    if name is None:
        return ""
    if name.startswith("[") and name.endswith("]"):
        return f"{name}!"  # the number of a linked file
    return f"{quoted_sheet(name)}!"


def _corner(corner: Corner) -> str:
    column = "" if corner.column is None else "$" * corner.fixed_column + column_letters(corner.column)
    row = "" if corner.row is None else f"{'$' * corner.fixed_row}{corner.row}"
    return column + row


def _constant(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    if value == 0 or 1e-9 <= abs(value) < 1e21:
        text = f"{Decimal(repr(value)):f}"
        return text.removesuffix(".0")
    return repr(value).upper()
