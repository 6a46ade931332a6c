"""Operators and functions that compute each cell from the same cell of their arguments: comparisons, `&`, tests, IF.

Those that calculate numbers are in `addin.headless.functions.arithmetic`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from udfs.excel_limits import MAX_TEXT

from ..lambdas import Lambda
from ..values import (
    VALUE,
    Grid,
    Scalar,
    Value,
    XlError,
    all_true,
    as_grid,
    blanks,
    blanks_as_zero,
    from_cells,
    frozen,
    is_text,
)
from .arguments import aligned, over, text
from .arithmetic import ARITHMETIC, calculation, is_numeric
from .comparison import collated, is_near, near, sort_key

_TWO_TEXTS = (str, str)
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


def comparing(name: str) -> Callable[..., Value]:
    """The comparison with that operator. With an array it gives an array of booleans and errors."""
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


def _concatenated(first: Any, second: Any) -> Value:
    kinds = type(first), type(second)
    if Lambda in kinds:
        return VALUE
    return over(_joined, aligned([first, second])) if np.ndarray in kinds else _joined(first, second)


def chosen(condition: Grid, yes: Value, no: Value) -> Value:
    """IF with an array of conditions: each cell from one of the two values, or the error in the condition."""
    test, *branches = aligned([condition, yes, no])
    mask = _truths(as_grid(test))
    if mask.dtype == object:
        return blanks_as_zero(over(_picked, [test, *branches]))
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
    return conditions != 0 if conditions.dtype == np.float64 else over(_truth, [conditions])


def _picked(condition: Scalar, yes: Scalar, no: Scalar) -> Scalar:
    truth = _truth(condition)
    return truth if isinstance(truth, XlError) else yes if truth else no


def _comparison(name: str, first: Value, second: Value) -> Value:
    if is_numeric(second):
        first = blanks_as_zero(first)
    elif is_numeric(first):
        second = blanks_as_zero(second)
    if is_numeric(first) and is_numeric(second):
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
    return over(partial(_compared, name), [first, second])


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
    return _repeated(test(None), value) if _is_blank(value) else over(test, [value])


def _truth(item: Any) -> Any:
    """Whether a cell counts as true as the condition of IF; an error if it is text or an error."""
    if isinstance(item, str):
        return item if isinstance(item, XlError) else VALUE
    return bool(item)


def _is_blank(value: Value) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == object and all_true(blanks(value))


def _repeated(item: Scalar, like: Value) -> Value:
    shape = as_grid(like).shape
    grid = np.empty(shape, bool if isinstance(item, bool) else object)
    grid.fill(item)  # np.full would make plain text of an error
    return frozen(grid)


_FUNCTIONS: dict[str, tuple[Callable[..., Value], int]] = {
    **{name: (calculation(name), ufunc.nin) for name, ufunc in ARITHMETIC.items()},
    **{name: (comparing(name), 2) for name in _COMPARISONS},
    **{name: (partial(_test, test), 1) for name, test in _TESTS.items()},
    "&": (_concatenated, 2),
    "POWER": (calculation("^"), 2),
    "%": (lambda value: calculation("/")(value, 100.0), 1),
    "U+": (lambda value: value, 1),
}
