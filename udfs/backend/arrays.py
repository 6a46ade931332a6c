"""The one array type of the backend: float32, or float64 for a model that computes in it."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
DType: TypeAlias = "np.dtype[np.floating[Any]]"

FLOAT32: DType = np.dtype(np.float32)
FLOAT64: DType = np.dtype(np.float64)
