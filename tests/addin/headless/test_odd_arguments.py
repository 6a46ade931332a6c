"""Every spreadsheet function gives a value or an error of Excel, whatever its arguments are."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from addin.headless.functions import FUNCTIONS
from addin.headless.functions.arguments import CellFailureError
from addin.headless.lambdas import Lambda, Scope
from addin.headless.unsupported import NotSupportedError
from addin.headless.values import NA, Value, XlError, from_result

ARGUMENTS: tuple[Any, ...] = (
    *(0.0, 1.0, -1.0, 2.5, 1e300, -1e300, True, None, NA),
    *("", "a", "TRUE", "12", "*", "~", "😀", "yyyy-mm-dd", "0.00E+00"),
    *map(from_result, ([[1, 2], [3, 4]], [["a", None], [True, NA]], [[1]], [[1], [2], [3]], [["b", None, 1]])),
    Lambda(["a"], lambda scope: scope.variables["a"], Scope((1, 1), {})),
)
DRAWS = 200


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gives_a_value(name: str) -> None:
    chance = random.Random(name)
    for _ in range(DRAWS):
        arguments = chance.choices(ARGUMENTS, k=chance.randint(0, 5))
        assert is_value(result(name, arguments)), arguments


def result(name: str, arguments: list[Any]) -> Value | Lambda:
    """What a cell would show; None for calls that the host reports as not supported, or refuses for their number."""
    try:
        return FUNCTIONS[name](*arguments)
    except CellFailureError as failure:
        return failure.error
    except (NotSupportedError, TypeError, LookupError, ValueError):
        return None


def is_value(found: Value | Lambda) -> bool:
    """Whether it is a finite number, a text, a boolean, a blank, an error, or a 2-D array of them."""
    if isinstance(found, np.ndarray):
        return found.ndim == 2 and found.size > 0 and all(map(is_cell, found.reshape(-1).tolist()))
    return isinstance(found, Lambda) or is_cell(found)


def is_cell(item: object) -> bool:
    if isinstance(item, (int, float)):
        return bool(np.isfinite(item))
    return item is None or isinstance(item, (str, XlError))
