"""Which layout of a linear layer is faster on this machine: measured once, then remembered."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_info

from udfs.backend.arrays import Array
from udfs.backend.fast.linear import Linear, Plain
from udfs.backend.fast.team import team
from udfs.backend.fast.tiles import Tiled, tiled
from udfs.backend.folders import cache_folder

_WORTH_A_COPY = 0.9  # tiles must take at most this share of the plain product's time
_N_LAYERS, _N_IN, _N_OUT, _FEW_ROWS, _MANY_ROWS, _TIMES = 4, 768, 3072, 10, 100, 7


class Layout(NamedTuple):
    """How large layers lie in memory: as tiles or plain; and whether tiles take also many rows in chunks."""

    tiles: bool
    chunks: bool


@cache
def best_layout() -> Layout:
    """The fastest layout of large layers; at equal speed the plain one, which needs no copy."""
    file, machine = _cache_file(), _machine()
    known = _remembered(file)
    if known.get("machine") != machine or not {known.get(field) for field in Layout._fields} <= {True, False}:
        known = {"machine": machine, **measure()._asdict()}
        with suppress(OSError):  # where nothing can be written, every process measures
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(known), encoding="utf-8")
    return Layout(bool(known["tiles"]), bool(known["chunks"]))


def measure() -> Layout:
    """Times the layouts in turn, on weights that do not fit into the fast caches (about 0.2 s)."""
    random = np.random.default_rng(0)
    weights = [random.standard_normal((_N_IN, _N_OUT), np.float32) for _ in range(_N_LAYERS)]
    plain: list[Linear] = [Plain(weight, None) for weight in weights]
    chunks, whole = (
        [Tiled(tiled(weight), weight[:, _N_OUT:], None, chunks=in_chunks) for weight in weights]
        for in_chunks in (True, False)
    )
    few, many = (random.standard_normal((rows, _N_IN), np.float32) for rows in (_FEW_ROWS, _MANY_ROWS))
    return Layout(tiles=_ratio(chunks, plain, few) < _WORTH_A_COPY, chunks=_ratio(chunks, whole, many) < 1)


def _ratio(layers: Sequence[Linear], others: Sequence[Linear], x: Array) -> float:
    """The time that layers take, over that of others: the shortest of several, as other programs disturb it least."""
    times = [(_seconds(layers, x), _seconds(others, x)) for _ in range(_TIMES)]
    return min(own for own, _ in times) / min(other for _, other in times)


def _seconds(layers: Sequence[Linear], x: Array) -> float:
    start = perf_counter()
    for layer in layers:
        layer(x)
    return perf_counter() - start


def _machine() -> list[str]:
    """What the answer depends on: processor, cores, numpy, and the kernels that its BLAS has chosen."""
    blas = [f"{info['internal_api']} {info['version']} {info.get('architecture')}" for info in threadpool_info()]
    return [platform.machine(), platform.processor(), str(team().size), np.__version__, *blas]


def _cache_file() -> Path:
    return cache_folder() / "layout.json"


def _remembered(file: Path) -> dict[str, object]:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
