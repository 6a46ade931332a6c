"""Operators and functions that compute each cell from the same cell of their arguments, with numpy.

Most arrays are small, so a call of numpy costs more than its arithmetic. That is why numbers without errors take a
short way, and why numpy's warnings are switched off once for a whole recalculation, not here for each operation.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.excel_limits import MAX_TEXT

from ..lambdas import Lambda
from ..values import (
    DIV,
    NUM,
    VALUE,
    Grid,
    Scalar,
    Value,
    XlError,
    all_true,
    any_true,
    as_grid,
    blanks,
    blanks_as_zero,
    checked,
    from_cells,
    frozen,
    is_text,
)
from .arguments import CellFailureError, aligned, number, text
from .comparison import collated, is_near, near, sort_key

_ARITHMETIC: dict[str, np.ufunc] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "U-": np.negative,
    "ABS": np.abs,
    "EXP": np.exp,
    "INT": np.floor,
    "LN": np.log,
    "MOD": np.mod,
    "SQRT": np.sqrt,
    "TANH": np.tanh,
}
# Operators that Python computes as numpy does, but sooner for single numbers.
_OF_FLOATS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_DIVISIONS = ("/", "MOD")
_TWO_TEXTS = (str, str)
_NUMERIC = frozenset(("dd", "d?", "?d"))  # the types of two arrays
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_TESTS: dict[str, Callable[[Scalar], bool]] = {
    "ISBLANK": lambda item: item is None,
    "ISNUMBER": lambda item: type(item) is float,
    "ISTEXT": is_text,
}


def find(name: str, arguments: int) -> Callable[..., Value] | None:
    """The operator or function with that name and number of arguments; None if it is not one of those here.

    Comparisons and tests of an array give an array of booleans."""
    function, count = _FUNCTIONS.get(name, (None, 0))
    return function if count == arguments else None


def is_known(name: str) -> bool:
    """Whether there is such a function, with any number of arguments."""
    return name in _FUNCTIONS


def _calculation(name: str) -> Callable[..., Value]:
    ufunc, of_floats, is_division = _ARITHMETIC[name], _OF_FLOATS.get(name), name in _DIVISIONS

    def unary(value: Any) -> Value:
        if isinstance(value, np.ndarray):
            return _arithmetic(name, [value])
        return _calculated(name, value)

    def binary(first: Any, second: Any) -> Value:
        if of_floats is not None:
            if type(first) is float and type(second) is float and (second or not is_division):
                number = of_floats(first, second)
                return number if math.isfinite(number) else NUM
            if _fit(first, second) and not (is_division and np.count_nonzero(second) < np.size(second)):
                numbers: Value = checked(ufunc(first, second))
                return numbers
        kinds = type(first), type(second)
        if np.ndarray in kinds:
            return VALUE if Lambda in kinds else _arithmetic(name, aligned([first, second]))
        return _calculated(name, first, second)

    return unary if ufunc.nin == 1 else binary


def _fit(first: Any, second: Any) -> bool:
    """Whether two values are numbers and arrays of numbers that numpy combines as a spreadsheet does.

    This is the usual case. One of two arrays may hold booleans, which count as 0 and 1."""
    if type(first) is float:
        return type(second) is np.ndarray and second.dtype.char == "d"
    if type(first) is not np.ndarray:
        return False
    if type(second) is not np.ndarray:
        return type(second) is float and first.dtype.char == "d"
    if first.dtype.char + second.dtype.char not in _NUMERIC:
        return False
    (height, width), (other_height, other_width) = first.shape, second.shape
    return (height == other_height or 1 in (height, other_height)) and (
        width == other_width or 1 in (width, other_width)
    )


def comparing(name: str) -> Callable[..., Value]:
    """The comparison with that operator. With an array it gives an array of booleans, with errors among them any."""
    compare, is_equality = _COMPARISONS[name], name in ("=", "<>")

    def compared(first: Any, second: Any) -> Value:
        if type(first) is float and type(second) is float:
            return compare(first, first if is_near(first, second) else second)
        kinds = type(first), type(second)
        if kinds == _TWO_TEXTS:
            return compare(first.lower(), second.lower()) if is_equality else compare(*map(collated, (first, second)))
        if Lambda in kinds:
            return VALUE
        return _comparison(name, *aligned([first, second])) if np.ndarray in kinds else _compared(name, first, second)

    return compared


def settled(name: str) -> Callable[..., Value]:
    """The sum or difference that is a formula's last step: 0 if the operands cancel in 15 digits, as in Excel."""
    operate = _calculation(name)

    def summed(first: Any, second: Any) -> Value:
        result = operate(first, second)
        if type(result) is float:
            if result and type(first) is float and type(second) is float and abs(result) <= 1e-14 * abs(first):
                return 0.0 if is_near(first, second if name == "-" else -second) else result
            return result
        if not _is_numeric(result) or not _is_numeric(first) or not _is_numeric(second):
            return result
        assert isinstance(result, np.ndarray)
        other = second if name == "-" else np.negative(second)
        if all_true(np.abs(result) > 1e-14 * np.abs(first)):
            return result
        return frozen(np.where(near(first, other), 0.0, result))

    return summed


def _concatenated(first: Any, second: Any) -> Value:
    kinds = type(first), type(second)
    if Lambda in kinds:
        return VALUE
    return _over(_joined, aligned([first, second])) if np.ndarray in kinds else _joined(first, second)


def chosen(condition: Grid, yes: Value, no: Value) -> Value:
    """IF with an array of conditions: each cell from one of the two values, or the error in the condition."""
    test, *branches = aligned([condition, yes, no])
    mask = _truths(as_grid(test))
    if mask.dtype == object:
        return blanks_as_zero(_over(_picked, [test, *branches]))
    first, second = map(as_grid, branches)
    shape = np.broadcast_shapes(mask.shape, first.shape, second.shape)
    if (count := np.count_nonzero(mask)) in (0, mask.size):
        only = first if count else second
        return blanks_as_zero(only if only.shape == shape else frozen(np.broadcast_to(only, shape).copy()))
    picked = np.where(mask, first, second)
    return frozen(picked) if picked.dtype.kind != "O" else blanks_as_zero(from_cells(picked))


def _truths(conditions: Grid) -> Grid:
    """Whether each cell counts as true: booleans, or with errors among them any objects."""
    if conditions.dtype == bool:
        return conditions
    return conditions != 0 if conditions.dtype == np.float64 else _over(_truth, [conditions])


def _picked(condition: Scalar, yes: Scalar, no: Scalar) -> Scalar:
    truth = _truth(condition)
    return truth if isinstance(truth, XlError) else yes if truth else no


def _arithmetic(name: str, arguments: list[Value]) -> Value:
    plain = [_plain_numbers(argument) for argument in arguments]
    if all(x is not None for x in plain) and not _may_fail(name, plain):
        short: Value = checked(_ARITHMETIC[name](*plain))
        return short
    numbers, errors = zip(*map(_numbers_and_errors, arguments), strict=True)
    if len(errors) == 2 and all(x is not None for x in errors):
        # An error in one cell counts before text in the other.
        return _over(partial(_calculated, name), arguments)
    value: Grid = checked(_ARITHMETIC[name](*numbers))
    is_zero = np.equal(numbers[1], 0) if name in _DIVISIONS else _NEVER
    if name == "^" and (nothing := np.equal(numbers[0], 0) & np.less_equal(numbers[1], 0)).any():
        value = value.astype(object)
        np.copyto(value, np.array(NUM, dtype=object), where=nothing)
        is_zero = nothing & np.less(numbers[1], 0)
    if any(x is not None for x in errors) or any_true(is_zero):
        value = value.astype(object)
        np.copyto(value, _DIV, where=is_zero)
        for error in reversed(errors):
            if error is not None:
                np.copyto(value, error, where=error.astype(bool))
        frozen(value)
    return value


def _plain_numbers(value: Value) -> float | NDArray[np.float64] | None:
    """The numbers of a value without blanks, texts and errors; None for any other value."""
    if type(value) is float:
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return value.astype(np.float64, copy=False)
    return None


def _may_fail(name: str, numbers: list[Any]) -> bool:
    """Whether a cell may be a division by zero, or a power of zero."""
    if name in _DIVISIONS:
        return not all_true(np.asarray(numbers[1]))
    return name == "^" and not all_true(np.greater(numbers[1], 0))


def _numbers_and_errors(value: Value) -> tuple[float | NDArray[np.float64], Grid | None]:
    """The number in each cell, or 0 if it has none, and the errors among the cells. Texts are read as numbers."""
    plain = _plain_numbers(value)
    if plain is not None:
        return plain, None
    grid = as_grid(value)
    items = grid.reshape(-1).tolist()
    if _WITHOUT_TEXT.issuperset(map(type, items)):
        numbers = np.array([item or 0.0 for item in items], dtype=np.float64).reshape(grid.shape)
        return numbers if isinstance(value, np.ndarray) else float(numbers.item()), None
    found: list[Any] = [item if type(item) is float else _number_or_error(item) for item in items]
    errors = np.empty(len(items), object)
    errors[:] = [_NO_ERROR if type(item) is float else item for item in found]
    numbers = np.array([item if type(item) is float else 0.0 for item in found])
    return numbers.reshape(grid.shape), errors.reshape(grid.shape)


def _number_or_error(item: Scalar) -> float | XlError:
    if isinstance(item, XlError):
        return item
    try:
        return number(item)
    except CellFailureError as failure:
        return failure.error


_NO_ERROR = ""  # false, as an error is not
_DIV = np.array(DIV, dtype=object)
_NEVER = np.zeros((), bool)
_WITHOUT_TEXT = frozenset({float, bool, type(None)})


def _calculated(name: str, *items: Any) -> Value:
    """The arithmetic of single cells."""
    if Lambda in map(type, items):
        return VALUE
    for item in items:
        if isinstance(item, XlError):
            return item
    try:
        numbers = [item if type(item) is float else number(item) for item in items]
    except CellFailureError as failure:
        return failure.error
    if name in _DIVISIONS and not numbers[1]:
        return DIV
    if name == "^" and not numbers[0] and numbers[1] <= 0:
        return DIV if numbers[1] else NUM
    result: Scalar = checked(float(_ARITHMETIC[name](*numbers)))
    return result


def _comparison(name: str, first: Value, second: Value) -> Value:
    if _is_numeric(first) and _is_numeric(second):
        compare, same = _COMPARISONS[name], near(first, second)
        if name in ("=", "<>"):
            return frozen(same if name == "=" else ~same)
        result = compare(first, second)
        return frozen(result | same if name in ("<=", ">=") else result & ~same)
    if _is_blank(first) and not isinstance(second, np.ndarray):
        return _repeated(_compared(name, None, second), first)
    if name in ("=", "<>") and is_text(second) and isinstance(first, np.ndarray):
        items = first.reshape(-1).tolist()
        if XlError not in set(map(type, items)):
            wanted = second.lower()
            found = [item.lower() == wanted if type(item) is str else item is None and not wanted for item in items]
            equal = np.array(found).reshape(first.shape)
            return frozen(equal if name == "=" else ~equal)
    return _over(partial(_compared, name), [first, second])


def _is_numeric(value: Value) -> bool:
    return value.dtype.kind == "f" if isinstance(value, np.ndarray) else type(value) is float


def _compared(name: str, first: Any, second: Any) -> Scalar:
    """The comparison of single cells."""
    for item in (first, second):
        if isinstance(item, XlError):
            return item
    if type(first) is float and type(second) is float and is_near(first, second):
        second = first
    if name in ("=", "<>") and is_text(first) and is_text(second):
        return (first.lower() == second.lower()) == (name == "=")
    result: bool = _COMPARISONS[name](_sortable(first, second), _sortable(second, first))
    return result


def _joined(first: Any, second: Any) -> Scalar:
    """The texts of two cells, one after the other."""
    for item in (first, second):
        if isinstance(item, XlError):
            return item
    joined = text(first) + text(second)
    return joined if len(joined) <= MAX_TEXT else VALUE


def _sortable(item: Any, other: Any) -> Any:
    """A blank counts as 0, an empty text or FALSE, whichever is of the kind of the other cell."""
    if item is None:
        item = "" if isinstance(other, str) else False if isinstance(other, (bool, np.bool_)) else 0.0
    return sort_key(item)


def _test(test: Callable[[Scalar], bool], value: Value) -> Value:
    if not isinstance(value, np.ndarray):
        return test(value)
    if value.dtype != object:
        return _repeated(test(0.0 if value.dtype == np.float64 else True), value)
    return _repeated(test(None), value) if _is_blank(value) else _over(test, [value])


def _truth(item: Any) -> Any:
    """Whether a cell counts as true as the condition of IF; an error if it is text or an error."""
    if isinstance(item, str):
        return item if isinstance(item, XlError) else VALUE
    return bool(item)


def _over(function: Callable[..., Any], arguments: list[Any]) -> Grid:
    """The function of each cell: an array of booleans, or of any values."""
    cells = np.frompyfunc(function, len(arguments), 1)(*map(as_grid, arguments))
    is_boolean = {bool}.issuperset(map(type, cells.reshape(-1).tolist()))
    return frozen(cells.astype(bool)) if is_boolean else as_grid(from_cells(cells))


def _is_blank(value: Value) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == object and all_true(blanks(value))


def _repeated(item: Scalar, like: Value) -> Value:
    shape = as_grid(like).shape
    grid = np.empty(shape, bool if isinstance(item, bool) else object)
    grid.fill(item)  # np.full would make plain text of an error
    return frozen(grid)


_FUNCTIONS: dict[str, tuple[Callable[..., Value], int]] = {
    **{name: (_calculation(name), ufunc.nin) for name, ufunc in _ARITHMETIC.items()},
    **{name: (comparing(name), 2) for name in _COMPARISONS},
    **{name: (partial(_test, test), 1) for name, test in _TESTS.items()},
    "&": (_concatenated, 2),
    "POWER": (_calculation("^"), 2),
    "%": (lambda value: _calculation("/")(value, 100.0), 1),
    "U+": (lambda value: value, 1),
}
