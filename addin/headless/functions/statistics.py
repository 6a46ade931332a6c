"""Statistics of the numbers in ranges: middle values, ranks, spreads."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..values import DIV, NA, NUM, Value, XlError, as_grid, checked
from .arguments import CellFailureError, in_each_cell, number
from .sums import all_numbers

Numbers = NDArray[np.float64]


def _filled(*arguments: Value) -> Numbers:
    numbers = all_numbers(arguments)
    if not numbers.size:
        raise CellFailureError(NUM)
    return numbers


def median(*arguments: Value) -> Value:
    return checked(float(np.median(_filled(*arguments))))


def mode(*arguments: Value) -> Value:
    counts = Counter(all_numbers(arguments).tolist())
    value, most = max(counts.items(), key=lambda item: item[1], default=(0.0, 0))
    return value if most > 1 else NA


def variance(freedom: int, *arguments: Value) -> Value:
    return checked(_variance(freedom, arguments))


def deviation(freedom: int, *arguments: Value) -> Value:
    return checked(math.sqrt(_variance(freedom, arguments)))


def _variance(freedom: int, arguments: tuple[Value, ...]) -> float:
    numbers = all_numbers(arguments)
    if numbers.size <= freedom:
        raise CellFailureError(DIV)
    return float(np.var(numbers, ddof=freedom))


def squares_about_mean(*arguments: Value) -> Value:
    numbers = _filled(*arguments)
    return checked(float(np.square(numbers - numbers.mean()).sum()))


def mean_deviation(*arguments: Value) -> Value:
    numbers = _filled(*arguments)
    return checked(float(np.abs(numbers - numbers.mean()).mean()))


def geometric_mean(*arguments: Value) -> Value:
    numbers = _filled(*arguments)
    return checked(float(np.exp(np.log(numbers).mean()))) if (numbers > 0).all() else NUM


def harmonic_mean(*arguments: Value) -> Value:
    numbers = _filled(*arguments)
    return checked(float(numbers.size / (1 / numbers).sum())) if (numbers > 0).all() else NUM


def kth(cells: Value, place: Value, *, largest: bool) -> Value:
    numbers = np.sort(all_numbers((as_grid(cells),)))

    def one(item: Any) -> Value:
        k = math.ceil(number(item))
        if not 1 <= k <= numbers.size:
            return NUM
        return float(numbers[-k] if largest else numbers[k - 1])

    return in_each_cell(one, place)


def percentile(cells: Value, share: Value, *, parts: int = 1) -> Value:
    numbers = np.sort(all_numbers((as_grid(cells),)))

    def one(item: Any) -> Value:
        k = number(item) if parts == 1 else math.floor(number(item)) / parts
        if not numbers.size or not 0 <= k <= 1:
            return NUM
        place = k * (numbers.size - 1)
        low = min(int(place), numbers.size - 1)
        high = min(low + 1, numbers.size - 1)
        return float(numbers[low] + (place - low) * (numbers[high] - numbers[low]))

    return in_each_cell(one, share)


def rank(value: Value, cells: Value, order: Value = 0.0) -> Value:
    numbers, is_ascending = all_numbers((as_grid(cells),)), bool(number(order))

    def one(item: Any) -> Value:
        wanted = number(item)
        if wanted not in numbers:
            return NA
        return float((numbers < wanted).sum() if is_ascending else (numbers > wanted).sum()) + 1

    return in_each_cell(one, value)


def _pairs(first: Value, second: Value) -> tuple[Numbers, Numbers]:
    """The pairs of cells that are both numbers."""
    a, b = (as_grid(cells).reshape(-1).tolist() for cells in (first, second))
    if len(a) != len(b):
        raise CellFailureError(NA)
    for item in (*a, *b):
        if isinstance(item, XlError):
            raise CellFailureError(item)
    kept = [(x, y) for x, y in zip(a, b, strict=True) if type(x) is float and type(y) is float]
    if not kept:
        raise CellFailureError(DIV)
    xs, ys = np.array(kept).T
    return xs, ys


def covariance(freedom: int, first: Value, second: Value) -> Value:
    xs, ys = _pairs(first, second)
    if xs.size <= freedom:
        raise CellFailureError(DIV)
    return checked(float(((xs - xs.mean()) * (ys - ys.mean())).sum() / (xs.size - freedom)))


def correlation(first: Value, second: Value) -> Value:
    xs, ys = (numbers - numbers.mean() for numbers in _pairs(first, second))
    size = math.sqrt(float((xs * xs).sum() * (ys * ys).sum()))
    return checked(float((xs * ys).sum()) / size) if size else DIV


def slope(ys: Value, xs: Value) -> Value:
    down, right = _pairs(ys, xs)
    spread = float(np.square(right - right.mean()).sum())
    if not spread:
        return DIV
    return checked(float(((right - right.mean()) * (down - down.mean())).sum()) / spread)


def intercept(ys: Value, xs: Value) -> Value:
    down, right = _pairs(ys, xs)
    steepness = slope(ys, xs)
    return steepness if isinstance(steepness, XlError) else checked(float(down.mean() - steepness * right.mean()))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "AVEDEV": mean_deviation,
    "CORREL": correlation,
    "COVARIANCE.P": partial(covariance, 0),
    "COVARIANCE.S": partial(covariance, 1),
    "DEVSQ": squares_about_mean,
    "GEOMEAN": geometric_mean,
    "HARMEAN": harmonic_mean,
    "INTERCEPT": intercept,
    "LARGE": partial(kth, largest=True),
    "MEDIAN": median,
    "MODE": mode,
    "MODE.SNGL": mode,
    "PERCENTILE": percentile,
    "PERCENTILE.INC": percentile,
    "QUARTILE": partial(percentile, parts=4),
    "QUARTILE.INC": partial(percentile, parts=4),
    "RANK": rank,
    "RANK.EQ": rank,
    "SLOPE": slope,
    "SMALL": partial(kth, largest=False),
    "STDEV": partial(deviation, 1),
    "STDEV.P": partial(deviation, 0),
    "STDEV.S": partial(deviation, 1),
    "STDEVP": partial(deviation, 0),
    "VAR": partial(variance, 1),
    "VAR.S": partial(variance, 1),
}
