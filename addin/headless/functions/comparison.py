"""How cells compare: numbers with 15 digits, texts without case and in a dictionary's order."""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..values import XlError

Key: TypeAlias = "tuple[int, Any]"
# Punctuation comes before digits and these before letters.
_PUNCTUATION = "\t _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_RANKS = {ord(character): chr(rank + 1) for rank, character in enumerate(_PUNCTUATION)}


def is_near(first: float, second: float) -> bool:
    """Whether two numbers have the same 15 digits."""
    if first == second:
        return True
    return abs(first - second) <= 1e-14 * abs(first) and f"{first:.14e}" == f"{second:.14e}"


def near(first: Any, second: Any) -> NDArray[np.bool_]:
    """Whether the numbers of two arrays have the same 15 digits."""
    difference = np.asarray(np.subtract(first, second))
    close = np.asarray(np.abs(difference) <= 1e-14 * np.abs(first))
    if np.count_nonzero(close) + np.count_nonzero(difference) == close.size:  # what is equal is also close
        return close
    same = difference == 0
    firsts, seconds = np.broadcast_arrays(first, second)
    for place in zip(*np.nonzero(close & ~same), strict=True):
        same[place] = is_near(float(firsts[place]), float(seconds[place]))
    return same


def cut(value: float) -> float:
    """The number with 15 digits."""
    return value if value.is_integer() and abs(value) < 1e15 else float(f"{value:.14e}")


@lru_cache(maxsize=65_536)
def collated(text: str) -> tuple[str, str]:
    """A key that sorts texts as Excel does."""
    plain = text.casefold()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    return plain.translate(_RANKS), text.casefold()


def sort_key(item: Any) -> Key:
    """Numbers come before texts, texts before FALSE and TRUE, then errors; blanks are last."""
    if type(item) is float:
        return 0, item
    if item is None:
        return 4, 0
    if isinstance(item, (bool, np.bool_)):
        return 2, bool(item)
    return (3, 0) if isinstance(item, XlError) else (1, collated(item))


def same_key(item: Any) -> Any:
    """A key that is equal for cells that are equal: text without case, numbers with 15 digits."""
    if type(item) is float:
        return cut(item) if math.isfinite(item) else item
    if isinstance(item, (bool, np.bool_)):
        return bool, bool(item)
    if item is None or isinstance(item, XlError):
        return type(item), str.__str__(item) if item is not None else None
    return item.lower()
