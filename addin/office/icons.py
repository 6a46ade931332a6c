"""Draws the add-in's icons: a residual stream with three blocks, in a spreadsheet's grid."""

from __future__ import annotations

import struct
import zlib

_GREEN, _WHITE, _CLEAR = (16, 124, 65, 255), (255, 255, 255, 255), (0, 0, 0, 0)
_GRID = (  # 8 x 8; S is the stream, B a block
    ".GGGGGG.",
    "GGGSGGGG",
    "GBBSBBGG",
    "GGGSGGGG",
    "GGBSBBBG",
    "GGGSGGGG",
    ".GGSGGG.",
    "...S....",
)
_COLOURS = {".": _CLEAR, "G": _GREEN, "S": _WHITE, "B": _WHITE}


def draw(size: int) -> bytes:
    """A PNG of `size` x `size` pixels."""
    cells = len(_GRID)
    rows = (
        b"\0" + b"".join(bytes(_COLOURS[_GRID[y * cells // size][x * cells // size]]) for x in range(size))
        for y in range(size)
    )
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)  # 8 bits per channel, RGBA
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(b"".join(rows), 9)), _chunk(b"IEND", b"")]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
