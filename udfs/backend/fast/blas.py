"""BLAS, the library with which numpy multiplies matrices, and products without it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from udfs.backend import system
from udfs.backend.arrays import Array

_AVX512_KERNELS = {"SkylakeX", "Cooperlake", "SapphireRapids"}  # OpenBLAS's names


@cache
def has_blas() -> bool:
    """Whether numpy was built with BLAS, according to its own record. In a browser it never is."""
    if system.IN_BROWSER:
        return False
    built: Mapping[str, Any] = np.show_config(mode="dicts") or {}
    return bool(built.get("Build Dependencies", {}).get("blas", {}).get("found", True))


@cache
def has_avx512_kernel() -> bool:
    """Whether numpy's OpenBLAS computes with AVX-512."""
    if not has_blas():
        return False
    from threadpoolctl import threadpool_info  # imported when needed, so that `import udfs` is quick

    return any(library.get("architecture") in _AVX512_KERNELS for library in threadpool_info())


@cache
def limit_blas() -> None:
    """Holds BLAS to one thread in the whole process: its threads and ours would compete for the same cores."""
    if has_blas():
        from threadpoolctl import threadpool_limits

        threadpool_limits(1, user_api="blas")


def product(x: Array, weight: Array, out: Array | None = None) -> Array:
    """`x @ weight`: `[..., n_in]` by `[n_in, n_out]` -> `[..., n_out]`, written to `out` if that is given.

    Without BLAS, numpy's matmul goes down the columns of the weight, and einsum along its rows, as they are in memory.
    """
    return np.matmul(x, weight, out=out) if has_blas() else np.einsum("...i,io->...o", x, weight, out=out)
