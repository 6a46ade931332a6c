"""Functions of numbers. Those that numpy computes for whole arrays are in `addin.headless.functions.arithmetic`."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

import numpy as np

from ..values import DIV, NUM, VALUE, Value, XlError, as_grid, checked
from .arguments import CellFailureError, Each, number, truth, whole
from .number_format import decimal


def rounded(how: str) -> Callable[..., float]:
    def function(value: float, digits: float = 0) -> float:
        places = int(digits)
        if abs(places) > 300 or not value:
            return value if places > 0 or not value else 0.0
        exact = decimal(value)
        if exact.adjusted() + places > 20:
            return value  # more places than the number has
        return float(exact.quantize(Decimal(1).scaleb(-places), how))

    return function


def ceiling(value: float, significance: float = 1.0) -> float:
    if not significance:
        return 0.0
    if value > 0 > significance:
        raise CellFailureError(NUM)
    return _multiple(math.ceil, value, significance)


def floor(value: float, significance: float = 1.0) -> float:
    if not significance:
        if value:
            raise CellFailureError(DIV)
        return 0.0
    if value > 0 > significance:
        raise CellFailureError(NUM)
    return _multiple(math.floor, value, significance)


def ceiling_math(value: float, significance: float = 1.0, mode: float = 0.0) -> float:
    if not significance:
        return 0.0
    is_away = value < 0 and mode
    return _multiple(math.floor if is_away else math.ceil, value, abs(significance))


def floor_math(value: float, significance: float = 1.0, mode: float = 0.0) -> float:
    if not significance:
        return 0.0
    is_towards = value < 0 and mode
    return _multiple(math.ceil if is_towards else math.floor, value, abs(significance))


def to_multiple(value: float, multiple: float) -> float:
    if not multiple or not value:
        return 0.0
    if value * multiple < 0:
        raise CellFailureError(NUM)
    return math.copysign(_multiple(lambda x: math.floor(x + 0.5), abs(value), abs(multiple)), value)


def _multiple(how: Callable[[float], int], value: float, step: float) -> float:
    """The multiple of a step; a quotient of 15 digits counts as exact, so that 6.3 is a multiple of 0.1."""
    return float(decimal(how(float(f"{value / step:.15g}")) * step))


def even(value: float) -> float:
    return math.copysign(2 * math.ceil(abs(value) / 2), value) + 0.0


def odd(value: float) -> float:
    return math.copysign(2 * math.ceil((abs(value) - 1) / 2) + 1 if abs(value) > 1 else 1, value)


def logarithm(value: float, base: float = 10.0) -> float:
    if value <= 0 or base <= 0:
        raise CellFailureError(NUM)
    return math.log10(value) if base == 10 else math.log2(value) if base == 2 else math.log(value) / math.log(base)


def factorial(value: float) -> float:
    if not 0 <= value < 171:
        raise CellFailureError(NUM)
    return float(math.factorial(int(value)))


def combinations(count: int, chosen: int) -> float:
    if count < 0 or chosen < 0 or count < chosen:
        raise CellFailureError(NUM)
    return float(math.comb(count, chosen))


def permutations(count: int, chosen: int) -> float:
    if count < 0 or chosen < 0 or count < chosen:
        raise CellFailureError(NUM)
    return float(math.perm(count, chosen))


def quotient(value: float, divisor: float) -> float:
    return float(math.trunc(value / divisor))


def angle(x: float, y: float) -> float:
    """ATAN2: takes x before y."""
    if not x and not y:
        raise CellFailureError(DIV)
    return math.atan2(y, x)


def random_between(low: float, high: float) -> float:
    first, last = math.ceil(low), math.floor(high)
    if first > last:
        raise CellFailureError(NUM)
    return float(random.randint(first, last))


def mmult(first: Value, second: Value) -> Value:
    """MMULT. Blanks and texts among the factors give #VALUE!."""
    factors = [as_grid(first), as_grid(second)]
    for item in (item for grid in factors if grid.dtype == object for item in grid.flat):
        if isinstance(item, XlError):
            raise CellFailureError(item)
        if not isinstance(item, (float, bool)):
            raise CellFailureError(VALUE)
    return checked(np.matmul(*(grid.astype(np.float64, copy=False) for grid in factors)))


def _divisor(*values: int) -> int:
    if min(values) < 0:
        raise CellFailureError(NUM)
    return math.gcd(*values)


def _multiple_of_all(*values: int) -> int:
    if min(values) < 0:
        raise CellFailureError(NUM)
    return math.lcm(*values)


def _of_one(function: Callable[[float], float]) -> Each:
    return Each(function, number)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    **{
        name: _of_one(getattr(math, name.lower()))
        for name in ("ACOS", "ACOSH", "ASIN", "ASINH", "ATAN", "ATANH", "COS", "COSH", "SIN", "SINH", "TAN", "RADIANS")
    },
    "ATAN2": Each(angle, number, number),
    "CEILING": Each(ceiling, number, number),
    "CEILING.MATH": Each(ceiling_math, number, number, number, optional=2),
    "COMBIN": Each(combinations, whole, whole),
    "DEGREES": _of_one(math.degrees),
    "EVEN": _of_one(even),
    "FACT": _of_one(factorial),
    "FLOOR": Each(floor, number, number),
    "FLOOR.MATH": Each(floor_math, number, number, number, optional=2),
    "GCD": Each(_divisor, whole, more=whole),
    "ISEVEN": Each(lambda value: int(value) % 2 == 0, number),
    "ISODD": Each(lambda value: int(value) % 2 == 1, number),
    "LCM": Each(_multiple_of_all, whole, more=whole),
    "LOG": Each(logarithm, number, number, optional=1),
    "LOG10": Each(logarithm, number),
    "MMULT": mmult,
    "MROUND": Each(to_multiple, number, number),
    "NOT": Each(lambda value: not value, truth),
    "ODD": _of_one(odd),
    "PERMUT": Each(permutations, whole, whole),
    "PI": lambda: math.pi,
    "QUOTIENT": Each(quotient, number, number),
    "RAND": lambda: random.random(),
    "RANDBETWEEN": Each(random_between, number, number),
    "ROUND": Each(rounded(ROUND_HALF_UP), number, number),
    "ROUNDDOWN": Each(rounded(ROUND_DOWN), number, number),
    "ROUNDUP": Each(rounded(ROUND_UP), number, number),
    "SIGN": _of_one(lambda value: float(np.sign(value))),
    "TRUNC": Each(rounded(ROUND_DOWN), number, number, optional=1),
}
