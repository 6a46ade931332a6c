"""Compares the cells that two hosts show."""

from __future__ import annotations

import math
from typing import Any

TOLERANCE = 1e-4  # of numbers


def is_same(value: Any, wanted: Any) -> bool:
    """Whether both are the same, up to rounding and the host that a hint names; an empty text equals an empty cell."""
    if isinstance(wanted, float) and isinstance(value, float):
        return math.isclose(value, wanted, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(wanted, str) and isinstance(value, str):
        return value.replace(" --host calc", "") == wanted.replace("-0.000", "0.000")  # LibreOffice has no -0
    return value == wanted or {value, wanted} == {"", None}
