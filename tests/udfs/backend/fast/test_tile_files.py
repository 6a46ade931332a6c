from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from udfs.backend.arrays import Array
from udfs.backend.fast import tile_files
from udfs.backend.fast.tile_files import TileFiles
from udfs.backend.fast.tiles import tiled

WEIGHT = np.random.default_rng(0).standard_normal((768, 900), np.float32)
CHECKPOINT = Path("a checkpoint")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GPT2_EXCEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tile_files, "_PIECE", 3)  # several pieces
    return tmp_path / "cache"


def tiles_of(weight: Array = WEIGHT, stamp: int = 1) -> Array:
    return TileFiles(CHECKPOINT, stamp).tiles("h.0.mlp.c_fc", weight, lambda: None)


def files(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


def test_a_file_is_made_once_and_mapped(cache: Path) -> None:
    np.testing.assert_array_equal(tiles_of(), tiled(WEIGHT))
    [file] = files(cache)
    made = file.stat().st_mtime_ns
    again = tiles_of(np.zeros_like(WEIGHT))  # the file is used, not the weight
    np.testing.assert_array_equal(again, tiled(WEIGHT))
    assert file.stat().st_mtime_ns == made
    assert not again.flags.writeable
    assert not again.flags.owndata


def test_the_weight_is_released_before_the_tiles_are_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    mapped = TileFiles._mapped
    monkeypatch.setattr(TileFiles, "_mapped", lambda *arguments: done.append("map") or mapped(*arguments))
    TileFiles(CHECKPOINT, 1).tiles("h.0.mlp.c_fc", WEIGHT, lambda: done.append("release"))
    assert done == ["map", "release", "map"]  # no file yet


@pytest.mark.parametrize("damage", ["cut", "zeroed", "flipped", "emptied"])
def test_a_damaged_file_is_made_again(cache: Path, damage: str) -> None:
    tiles_of()
    [file] = files(cache)
    content = bytearray(file.read_bytes())
    if damage == "zeroed":
        content[4096:8192] = bytes(4096)
    elif damage == "flipped":
        content[-1] ^= 1
    else:
        del content[len(content) // 2 if damage == "cut" else 0 :]
    file.unlink()
    file.write_bytes(content)
    np.testing.assert_array_equal(tiles_of(), tiled(WEIGHT))
    assert len(files(cache)) == 1


def test_another_stamp_makes_new_tiles_and_removes_the_old_ones(cache: Path) -> None:
    tiles_of()
    [old] = files(cache)
    np.testing.assert_array_equal(tiles_of(2 * WEIGHT, stamp=2), tiled(2 * WEIGHT))
    [new] = files(cache)
    assert new.parent != old.parent


def test_without_a_folder_or_room_tiles_are_in_memory(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = namedtuple("usage", "free")(WEIGHT.nbytes)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: full)
        np.testing.assert_array_equal(tiles_of(), tiled(WEIGHT))
        assert not files(cache)
    shutil.rmtree(cache)
    cache.write_text("a file where the folder should be")
    np.testing.assert_array_equal(tiles_of(), tiled(WEIGHT))


def test_a_disk_that_fills_up_leaves_nothing_behind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fills_up(piece: Array) -> int:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tile_files, "_checksum", fills_up)
        np.testing.assert_array_equal(tiles_of(), tiled(WEIGHT))
    assert not files(cache)
