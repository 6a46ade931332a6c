"""Tiles of a checkpoint's layers as files in the cache folder, so that processes share them and start with them.

A file's name ends in a checksum of its content; a damaged file is made again. A checkpoint's files lie in a folder
named after what its own file looked like, so that none outlives a change of it.
"""

from __future__ import annotations

import hashlib
import mmap
import shutil
import tempfile
from collections.abc import Callable, Hashable
from contextlib import suppress
from math import gcd
from pathlib import Path

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.linear import TILE
from udfs.backend.fast.tiles import tiled
from udfs.backend.folders import cache_folder

_PIECE = 2**24  # bytes that are made into tiles at a time, so that no second copy of a layer is in memory
_HUGE_PAGE = 2**21  # bytes
_SPARE = 2**30  # bytes that must stay free on the disk


class TileFiles:
    """The tiles of one checkpoint, which lies at `path`; `stamp` is what changes when its files do."""

    def __init__(self, path: Path, stamp: Hashable) -> None:
        of_path = cache_folder() / "tiles" / _digest(str(path))
        self._folder = of_path / _digest(repr(stamp))
        if of_path.is_dir():
            for stale in set(of_path.iterdir()) - {self._folder}:
                shutil.rmtree(stale, ignore_errors=True)

    def tiles(self, name: str, weight: Array, release: Callable[[], None]) -> Array:
        """The tiles of the layer of that name, mapped; in memory where no file can be kept.

        What the weight has taken of memory is released before they take as much.
        """
        n_in, n_out = weight.shape
        shape = n_out // TILE, n_in, TILE
        found = self._mapped(name, shape)
        if found is None:
            with suppress(OSError):
                self._write(name, weight)
                release()
                found = self._mapped(name, shape)
        return tiled(weight) if found is None else found

    def _mapped(self, name: str, shape: tuple[int, ...]) -> Array | None:
        """The tiles in a file that is there and whole. One that is not is removed."""
        for file in self._folder.glob(f"{name}-*.tiles"):
            try:
                tiles = _map(file, shape)
            except (OSError, ValueError):  # gone meanwhile, or cut short
                tiles = None
            if tiles is not None and file.stem == f"{name}-{_checksum(tiles):016x}":
                return tiles
            with suppress(OSError):
                file.unlink()
        return None

    def _write(self, name: str, weight: Array) -> None:
        """Makes the file, beside its place and then moved there whole. OSError where that cannot be."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free < weight.nbytes + _SPARE:
            return
        n_columns = _tiles_of_piece(weight.shape[0]) * TILE
        checksum = 0
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
            part = Path(file.name)
            try:
                for start in range(0, weight.shape[1] // TILE * TILE, n_columns):
                    piece = tiled(weight[:, start : start + n_columns])
                    file.write(piece.data)
                    checksum = (checksum + _checksum(piece)) % 2**64
            except BaseException:
                part.unlink()
                raise
        whole = self._folder / f"{name}-{checksum:016x}.tiles"
        if whole.exists():  # another process was quicker, and has it mapped already
            part.unlink()
        else:
            part.replace(whole)


def _map(file: Path, shape: tuple[int, ...]) -> Array:
    """The numbers in a file, mapped, in huge pages where the system has such: they are read a tenth quicker."""
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    with suppress(AttributeError, OSError):
        mapped.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(mapped, np.float32).reshape(shape)


def _tiles_of_piece(n_in: int) -> int:
    """How many tiles fill whole huge pages: Linux keeps in such what is written so."""
    tile = n_in * TILE * 4  # bytes
    fill = _HUGE_PAGE // gcd(tile, _HUGE_PAGE)
    return max(1, _PIECE // (fill * tile)) * fill


def _checksum(tiles: Array) -> int:
    """The sum of the 64-bit words, which is as quick as reading them."""
    return int(tiles.reshape(-1).view(np.uint64).sum(dtype=np.uint64))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
