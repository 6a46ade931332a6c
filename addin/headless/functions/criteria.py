"""COUNTIF, SUMIF and others that count or sum the cells that meet criteria such as `">5"` or `"a*"`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs import excel_errors

from ..values import DIV, VALUE, Grid, Value, XlError, as_grid, checked, from_cells
from .arguments import CellFailureError, aligned
from .cell_index import CellIndex, index_of
from .comparison import collated, is_near, near, same_key
from .number_parsing import parsed_number
from .text import wildcards

_OPERATORS = ("<>", "<=", ">=", "=", "<", ">")
Positions = NDArray[np.intp]


def meeting(cells: Grid, criterion: Any) -> Positions:
    """The positions of the cells that meet a criterion, row by row."""
    index = index_of(cells)
    if criterion is None:
        criterion = 0.0
    if not isinstance(criterion, str) or isinstance(criterion, XlError):
        return _equal(index, criterion)
    operator = next((sign for sign in _OPERATORS if criterion.startswith(sign)), "")
    wanted = criterion[len(operator) :]
    if not wanted:
        return _blank(index, operator)
    operand = _operand(wanted)
    if operator in ("", "="):
        return _equal(index, operand)
    if operator == "<>":
        return _others(index, _equal(index, operand))
    return _ordered(index, operator, operand)


def _operand(wanted: str) -> Any:
    upper = wanted.upper()
    if upper in ("TRUE", "FALSE"):
        return upper == "TRUE"
    if upper in excel_errors.ALL:
        return XlError(upper)
    found = parsed_number(wanted)
    return wanted if found is None else found


def _equal(index: CellIndex, wanted: Any) -> Positions:
    if type(wanted) is float:
        alike = [at for at, text in index.texts if _is_number(text, wanted)] if index.texts else []
        return _places(index.positions.get(same_key(wanted), []) + alike)
    if isinstance(wanted, str) and not isinstance(wanted, XlError) and set(wanted) & set("*?~"):
        pattern = wildcards(wanted)
        return _places([at for at, text in index.texts if pattern.fullmatch(text)])
    return _places(index.positions.get(same_key(wanted), []))


def _is_number(text: str, wanted: float) -> bool:
    """Whether a text reads as that number."""
    if text.strip()[:1] not in {*"+-.$(0123456789"} or not text:
        return False
    found = parsed_number(text)
    return found is not None and is_near(found, wanted)


def _blank(index: CellIndex, operator: str) -> Positions:
    blank = index.positions.get(same_key(None), [])
    if operator == "":
        return _places(blank + index.positions.get("", []))
    if operator == "=":
        return _places(blank)
    return _others(index, _places(blank)) if operator == "<>" else _places([])


def _others(index: CellIndex, positions: Positions) -> Positions:
    kept = np.ones(len(index.items), bool)
    kept[positions] = False
    return np.flatnonzero(kept)


def _ordered(index: CellIndex, operator: str, wanted: Any) -> Positions:
    if type(wanted) is float:
        numbers = index.numbers
        with np.errstate(invalid="ignore"):
            less, equal = numbers < wanted, near(numbers, wanted)
            more = numbers > wanted
        return np.flatnonzero(
            {"<": less & ~equal, ">": more & ~equal, "<=": less | equal, ">=": more | equal}[operator]
        )
    if isinstance(wanted, bool):
        items = enumerate(index.items)
        return _places([at for at, item in items if isinstance(item, bool) and _holds(operator, item, wanted)])
    if isinstance(wanted, XlError):
        return _places([])
    limit = collated(wanted)
    return _places([at for at, text in index.texts if _holds(operator, collated(text), limit)])


def _holds(operator: str, first: Any, second: Any) -> bool:
    return bool({"<": first < second, ">": first > second, "<=": first <= second, ">=": first >= second}[operator])


def _places(found: list[int]) -> Positions:
    return np.array(found, dtype=np.intp)


def _over_criteria(function: Callable[..., Value], *criteria: Value) -> Value:
    """The function of each criterion: an array if the criteria are arrays."""
    if not any(isinstance(criterion, np.ndarray) and criterion.size > 1 for criterion in criteria):
        return function(*(as_grid(criterion).item() for criterion in criteria))
    return from_cells(as_grid(np.frompyfunc(function, len(criteria), 1)(*map(as_grid, aligned(list(criteria))))))


def count_if(cells: Value, criterion: Value) -> Value:
    grid = as_grid(cells)
    return _over_criteria(lambda wanted: float(meeting(grid, wanted).size), criterion)


def _all_meeting(grids: list[Grid], criteria: tuple[Any, ...]) -> Positions:
    if len({grid.shape for grid in grids}) > 1:
        raise CellFailureError(VALUE)
    found = meeting(grids[0], criteria[0])
    for grid, wanted in zip(grids[1:], criteria[1:], strict=True):
        found = np.intersect1d(found, meeting(grid, wanted))
    return found


def count_ifs(*arguments: Value) -> Value:
    grids = _ranges(arguments)
    return _over_criteria(lambda *wanted: float(_all_meeting(grids, wanted).size), *arguments[1::2])


def _ranges(pairs: tuple[Value, ...]) -> list[Grid]:
    if not pairs or len(pairs) % 2:
        raise CellFailureError(VALUE)
    return [as_grid(cells) for cells in pairs[::2]]


def _numbers_at(grid: Grid, positions: Positions) -> list[float]:
    """The numbers at these positions. Raises CellFailureError for an error among them."""
    items = index_of(grid).items
    found = [items[place] for place in sorted(positions)]
    for item in found:
        if isinstance(item, XlError):
            raise CellFailureError(item)
    return [item for item in found if type(item) is float]


def _sum(numbers: list[float]) -> Value:
    return checked(sum(numbers, 0.0))


def _average(numbers: list[float]) -> Value:
    return checked(sum(numbers) / len(numbers)) if numbers else DIV


def _if(fold: Callable[[list[float]], Value], cells: Value, criterion: Value, values: Value = None) -> Value:
    grid, amounts = as_grid(cells), as_grid(cells if values is None else values)
    if amounts.shape != grid.shape:
        raise CellFailureError(VALUE)

    def one(wanted: Any) -> Value:
        return _caught(fold, amounts, meeting(grid, wanted))

    return _over_criteria(one, criterion)


def _ifs(fold: Callable[[list[float]], Value], values: Value, *pairs: Value) -> Value:
    amounts, grids = as_grid(values), _ranges(pairs)
    if amounts.shape != grids[0].shape:
        raise CellFailureError(VALUE)

    def one(*wanted: Any) -> Value:
        return _caught(fold, amounts, _all_meeting(grids, wanted))

    return _over_criteria(one, *pairs[1::2])


def _caught(fold: Callable[[list[float]], Value], amounts: Grid, positions: Positions) -> Value:
    try:
        return fold(_numbers_at(amounts, positions))
    except CellFailureError as failure:
        return failure.error


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "AVERAGEIF": partial(_if, _average),
    "AVERAGEIFS": partial(_ifs, _average),
    "COUNTIF": count_if,
    "COUNTIFS": count_ifs,
    "MAXIFS": partial(_ifs, lambda numbers: max(numbers, default=0.0)),
    "MINIFS": partial(_ifs, lambda numbers: min(numbers, default=0.0)),
    "SUMIF": partial(_if, _sum),
    "SUMIFS": partial(_ifs, _sum),
}
