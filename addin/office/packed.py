"""Calls as the page sends them: ranges of numbers as bytes, because their JSON would take several times as long.

The bytes are an array of float64, little-endian, and then the calls as JSON. The first number tells how many others
follow. In the JSON, `{"numbers": [rows, columns]}` takes the place of a range of numbers: of the next ones in the
array, row by row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from addin.office.json_values import Call, read_calls
from udfs.cells import CellError

_NUMBER = np.dtype("<f8")
_SIZE = _NUMBER.itemsize
_WRONG = "the calls are not packed as the page packs them: reload the add-in"


def read_packed(body: bytes) -> list[Call]:
    """The calls of a request, their ranges of numbers as arrays. Raises CellError if they are malformed."""
    count = float(np.frombuffer(body, _NUMBER, 1)[0]) if len(body) >= _SIZE else -1.0
    if not 0 <= count <= len(body) / _SIZE - 1 or not count.is_integer():
        raise CellError(_WRONG)
    numbers = np.frombuffer(body, _NUMBER, int(count), _SIZE)
    if not np.isfinite(numbers).all():
        raise CellError("the numbers in the calls must be finite")
    ranges = _Ranges(numbers)
    calls = [
        Call(name, [*map(ranges.unpacked, arguments)]) for name, arguments in read_calls(body[_SIZE + numbers.nbytes :])
    ]
    ranges.check_end()
    return calls


class _Ranges:
    """The numbers of a request, taken range by range."""

    def __init__(self, numbers: NDArray[np.float64]) -> None:
        self._numbers, self._taken = numbers, 0

    def unpacked(self, argument: Any) -> Any:
        """The array for an argument that stands for a range; any other argument as it is."""
        if not isinstance(argument, dict) or "numbers" not in argument:
            return argument
        shape = argument["numbers"]
        if not isinstance(shape, list) or len(shape) != 2 or not all(type(n) is int and n > 0 for n in shape):
            raise CellError(_WRONG)
        start, self._taken = self._taken, self._taken + shape[0] * shape[1]
        if self._taken > len(self._numbers):
            raise CellError(_WRONG)
        return self._numbers[start : self._taken].reshape(shape)

    def check_end(self) -> None:
        """Raises CellError if numbers are left."""
        if self._taken < len(self._numbers):
            raise CellError(_WRONG)
