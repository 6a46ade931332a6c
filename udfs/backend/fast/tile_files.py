"""The tiles of a checkpoint's layers as files in the cache folder: processes share them and need not make them again.

The name of a file ends in a checksum of its content, and a damaged file is made again. The folder of a checkpoint is
named after the size and age of the checkpoint's own files, so no tiles outlive a change of them. The tiles are the same
numbers whether they come from a file or not.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.fast.linear import TILE
from udfs.backend.fast.tiles import tiled
from udfs.backend.folders import cache_folder

_PIECE = 64  # tiles made at a time, so that memory never holds a second copy of a layer
_SPARE = 2**30  # bytes that must stay free on the disk


class TileFiles:
    """The tiles of the checkpoint at `path`; `stamp` changes whenever its files do."""

    def __init__(self, path: Path, stamp: Hashable) -> None:
        import shutil  # imported when needed, so that `import udfs` is quick

        of_path = cache_folder() / "tiles" / _digest(str(path))
        self._folder = of_path / _digest(repr(stamp))
        if of_path.is_dir():
            for stale in set(of_path.iterdir()) - {self._folder}:
                shutil.rmtree(stale, ignore_errors=True)

    def tiles(self, name: str, weight: Array, release: Callable[[], None]) -> Array:
        """The tiles of a layer, mapped from its file; in memory if the file cannot be written.

        Calls `release` to free the weight's memory before the tiles take as much.
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
        """The tiles in a whole file. Removes files that are damaged."""
        for file in self._folder.glob(f"{name}-*.tiles"):
            try:
                tiles = _map(file, shape)
            except (OSError, ValueError):  # removed meanwhile, or cut short
                tiles = None
            if tiles is not None and file.stem == f"{name}-{_checksum(tiles):016x}":
                return tiles
            with suppress(OSError):
                file.unlink()
        return None

    def _write(self, name: str, weight: Array) -> None:
        """Writes the file beside its place and moves it there when it is whole. Raises OSError if that fails."""
        import shutil  # imported when needed, so that `import udfs` is quick
        import tempfile

        self._folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free < weight.nbytes + _SPARE:
            return
        checksum = 0
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
            part = Path(file.name)
            try:
                for start in range(0, weight.shape[1] // TILE * TILE, _PIECE * TILE):
                    piece = tiled(weight[:, start : start + _PIECE * TILE])
                    file.write(piece.data)
                    checksum = (checksum + _checksum(piece)) % 2**64
            except BaseException:
                part.unlink()
                raise
        whole = self._folder / f"{name}-{checksum:016x}.tiles"
        if whole.exists():  # another process was quicker and has it mapped already
            part.unlink()
        else:
            part.replace(whole)


def _map(file: Path, shape: tuple[int, ...]) -> Array:
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, np.float32).reshape(shape)


def _checksum(tiles: Array) -> int:
    """The sum of the 64-bit words, which is as quick as reading them."""
    return int(tiles.reshape(-1).view(np.uint64).sum(dtype=np.uint64))


def _digest(text: str) -> str:
    import hashlib  # imported when needed, so that `import udfs` is quick

    return hashlib.sha256(text.encode()).hexdigest()[:16]
