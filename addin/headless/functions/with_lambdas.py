"""Functions that call a LAMBDA: MAP, BYROW, REDUCE and others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..lambdas import Lambda
from ..values import CALC, VALUE, Value, XlError, as_grid, from_cells, without_booleans
from .arguments import CellFailureError, aligned, whole
from .arrays import MOST_CELLS
from .lookup import of_cells


def mapped(*arguments: Value | Lambda) -> Value:
    *arrays, function = arguments
    if not arrays:
        return VALUE
    apply = _lambda(function).apply
    grids = np.broadcast_arrays(*map(as_grid, aligned(arrays)))  # type: ignore[arg-type]
    items = zip(*(grid.reshape(-1).tolist() for grid in grids), strict=True)
    return _cells(grids[0].shape, [apply(list(cells)) for cells in items])


def by_line(axis: int, array: Value, function: Value | Lambda) -> Value:
    """BYROW and BYCOL: the function of each row or column."""
    grid, apply = as_grid(array), _lambda(function).apply
    lines = [grid[i : i + 1] if axis == 0 else grid[:, i : i + 1] for i in range(grid.shape[axis])]
    results = [apply([of_cells(line)]) for line in lines]
    return _cells((len(lines), 1) if axis == 0 else (1, len(lines)), results)


def reduced(initial: Value, array: Value, function: Value | Lambda) -> Any:
    value: Any = initial
    apply = _lambda(function).apply
    for item in as_grid(array).reshape(-1).tolist():
        value = apply([value, item])
    return value


def scanned(initial: Value, array: Value, function: Value | Lambda) -> Value:
    grid, apply = as_grid(array), _lambda(function).apply
    value: Any = initial
    results = []
    for item in grid.reshape(-1).tolist():
        value = apply([value, item])
        results.append(value)
    return _cells(grid.shape, results)


def made_array(rows: Value, columns: Value, function: Value | Lambda) -> Value:
    height, width, apply = whole(rows), whole(columns), _lambda(function).apply
    if height < 1 or width < 1 or height * width > MOST_CELLS:
        return VALUE
    places = [(row + 1.0, column + 1.0) for row in range(height) for column in range(width)]
    return _cells((height, width), [apply(list(place)) for place in places])


def _lambda(value: Value | Lambda) -> Lambda:
    """The last argument. Raises CellFailureError if it is not a LAMBDA."""
    if not isinstance(value, Lambda):
        raise CellFailureError(value if isinstance(value, XlError) else VALUE)
    return value


def _cells(shape: tuple[int, ...], results: list[Any]) -> Value:
    """Results as an array; a result that is itself an array of several cells is #CALC!, as in Excel."""
    cells = np.empty(len(results), object)
    cells[:] = [_single(result) for result in results]
    return from_cells(cells.reshape(shape))


def _single(result: Any) -> Any:
    if isinstance(result, Lambda) or (isinstance(result, np.ndarray) and result.size > 1):
        return CALC
    return as_grid(without_booleans(result)).item()


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "BYCOL": partial(by_line, 1),
    "BYROW": partial(by_line, 0),
    "MAKEARRAY": made_array,
    "MAP": mapped,
    "REDUCE": reduced,
    "SCAN": scanned,
}
