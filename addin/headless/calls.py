"""Compiles the calls of functions: those of the spreadsheet, our own, and LAMBDAs that have a name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from udfs.excel_limits import MAX_ROWS
from workbook_templates.formula.tree import Call, Constant, Name, Node, Reference

from . import nodes
from .functions import DATE_FUNCTIONS, FUNCTIONS, elementwise
from .functions.arguments import CellFailureError, Each
from .lambdas import Evaluate, Scope
from .special_forms import SPECIAL_FORMS, constant
from .values import VALUE, Value, as_grid, without_booleans

if TYPE_CHECKING:
    from .compiler import Compiler

# Their arguments are evaluated as arrays even in a plain formula.
_ARRAY_FUNCTIONS = frozenset({"SUMPRODUCT", "MMULT", "INDEX", "LOOKUP"})


def compile_call(node: Call, compiler: Compiler) -> Evaluate:
    """A call as a compiled node. A function that is not known here raises NotSupportedError when it is evaluated."""
    name = node.function
    if name in SPECIAL_FORMS:
        return SPECIAL_FORMS[name](node, compiler)
    if name in compiler.functions:
        return nodes.own_function(compiler.functions[name], _compiled(node.arguments, compiler))
    if name in compiler.variables or _is_lambda(name, compiler):
        return nodes.lambda_call(compiler.compile(Name(None, name)), _compiled(node.arguments, compiler))
    if compiler.book.counts_from_1904 and name in DATE_FUNCTIONS:
        return nodes.not_supported(f"{name} in the 1904 date system")
    function = FUNCTIONS.get(name)
    if isinstance(function, Each):
        return nodes.of_arguments(function, _operands(node, compiler))
    if function is not None:
        return _native(function, node, compiler)
    elementary = elementwise.find(name, len(node.arguments))
    if elementary is not None:
        first, *others = _operands(node, compiler)
        return nodes.applied(elementary, others, first)
    return constant(VALUE) if elementwise.is_known(name) else nodes.not_supported(name)


def _is_lambda(name: str, compiler: Compiler) -> bool:
    tree = compiler.book.named(compiler.sheet, name)
    return isinstance(tree, Call) and tree.function == "LAMBDA"


def _compiled(arguments: Sequence[Node], compiler: Compiler) -> list[Evaluate]:
    return [compiler.compile(argument) for argument in arguments]


def _operands(node: Call, compiler: Compiler) -> list[Evaluate]:
    """The arguments of a function of single cells."""
    return [compiler.operand(argument) for argument in node.arguments]


def _native(function: Callable[..., Value], node: Call, compiler: Compiler) -> Evaluate:
    inner = compiler.with_arrays() if node.function in _ARRAY_FUNCTIONS else compiler
    pairs = zip(node.arguments, _compiled(node.arguments, inner), strict=True)
    arguments = [_native_argument(argument, evaluate, compiler) for argument, evaluate in pairs]

    def evaluate(scope: Scope) -> Any:
        try:
            result = function(*[argument(scope) for argument in arguments])
            return float(result) if type(result) is int else result
        except CellFailureError as failure:
            return failure.error
        except (TypeError, LookupError, ValueError):  # a wrong number of arguments, or shapes that do not fit
            return VALUE

    return _cell_by_index(node, evaluate, compiler) if node.function == "INDEX" else evaluate


def _native_argument(node: Node, evaluate: Evaluate, compiler: Compiler) -> Evaluate:
    """A reference to one cell counts as a range, in which functions ignore text and booleans."""
    target = compiler.resolved(node)
    if isinstance(target, Reference):
        is_array = target.range.area > 1 and not target.spill
        return evaluate if is_array else lambda scope: as_grid(evaluate(scope))
    return evaluate if isinstance(target, Constant) else lambda scope: without_booleans(evaluate(scope))


def _cell_by_index(node: Call, otherwise: Evaluate, compiler: Compiler) -> Evaluate:
    """INDEX of a range or a spill. If the result is one cell, only that cell is read."""
    whole = compiler.resolved(node.arguments[0]) if len(node.arguments) in (2, 3) else None
    if not isinstance(whole, Reference) or (whole.range.area >= MAX_ROWS and not whole.spill):
        return otherwise
    sheet, rect, area = compiler.sheet_named(whole.sheet), whole.range, compiler.range_of(whole)
    if sheet is None or (len(node.arguments) == 2 and (whole.spill or (rect.width > 1 and rect.height > 1))):
        return otherwise
    places = _compiled(node.arguments[1:], compiler)
    if len(places) == 1:
        places.insert(0 if rect.height == 1 else 1, constant(1.0))
    row, column = places

    def evaluate(scope: Scope) -> Any:
        down, right = row(scope), column(scope)
        if type(down) is float and type(right) is float and down >= 1 and right >= 1:
            rect = area(scope)
            place = rect.top + int(down) - 1, rect.left + int(right) - 1
            if rect.holds(*place):
                return sheet.cell(*place)
        return otherwise(scope)

    return evaluate
