"""The compression of VBA source text, [MS-OVBA] 2.4.1: chunks of 4,096 bytes, each compressed separately by LZ77."""

from __future__ import annotations

import struct
from collections import defaultdict
from functools import lru_cache

_SIGNATURE = 0x01
_CHUNK = 4096
_SHORTEST_COPY = 3
_LITERAL_CHUNK, _COMPRESSED_CHUNK = 0x3000, 0xB000  # flags and signature of a chunk's header; its size - 3 is below


@lru_cache(maxsize=64)  # it is slow, and every workbook has the same modules
def compress(data: bytes) -> bytes:
    """The compressed container. A chunk that does not shrink is stored as it is; a last one is filled with zeros."""
    chunks = (_packed(data[start : start + _CHUNK]) for start in range(0, len(data), _CHUNK))
    return bytes([_SIGNATURE]) + b"".join(chunks)


def decompress(container: bytes) -> bytes:
    """The bytes of a compressed container. Raises ValueError if it is not one."""
    if not container or container[0] != _SIGNATURE:
        raise ValueError("compressed VBA must begin with the byte 1")
    data, at = bytearray(), 1
    while at < len(container):
        (header,) = struct.unpack_from("<H", container, at)
        chunk = container[at + 2 : at + (header & 0x0FFF) + 3]
        at += len(chunk) + 2
        data += _unpacked(chunk) if header & 0x8000 else chunk
    return bytes(data)


def _packed(chunk: bytes) -> bytes:
    tokens = _tokens(chunk)
    if len(tokens) > _CHUNK:
        return struct.pack("<H", _LITERAL_CHUNK | (_CHUNK - 1)) + chunk.ljust(_CHUNK, b"\0")
    return struct.pack("<H", _COMPRESSED_CHUNK | (len(tokens) - 1)) + tokens


def _tokens(chunk: bytes) -> bytes:
    """Groups of a flag byte and eight tokens: a literal byte, or if its flag is set a copy of earlier bytes."""
    packed, seen = bytearray(), defaultdict[bytes, list[int]](list)
    at = number = 0
    while at < len(chunk):
        if number % 8 == 0:
            flags = len(packed)
            packed.append(0)
        length, offset = _longest_copy(chunk, at, seen)
        if length:
            packed[flags] |= 1 << number % 8
            packed += struct.pack("<H", (offset - 1) << (16 - _offset_bits(at)) | (length - _SHORTEST_COPY))
        else:
            packed.append(chunk[at])
        for start in range(at, at + (length or 1)):
            seen[chunk[start : start + _SHORTEST_COPY]].append(start)
        at += length or 1
        number += 1
    return bytes(packed)


def _longest_copy(chunk: bytes, at: int, seen: dict[bytes, list[int]]) -> tuple[int, int]:
    """Length and distance back of the longest earlier match; (0, 0) if there is none."""
    best, offset = 0, 0
    most = min((0xFFFF >> _offset_bits(at)) + _SHORTEST_COPY, len(chunk) - at)
    for start in reversed(seen.get(chunk[at : at + _SHORTEST_COPY], ())):
        length = min(_SHORTEST_COPY, most)
        while length < most and chunk[start + length] == chunk[at + length]:
            length += 1
        if length > best:
            best, offset = length, at - start
        if best == most:
            break
    return (best, offset) if best >= _SHORTEST_COPY else (0, 0)


def _unpacked(chunk: bytes) -> bytearray:
    data, at = bytearray(), 0
    while at < len(chunk):
        flags, at = chunk[at], at + 1
        for number in range(8):
            if at >= len(chunk):
                break
            if flags >> number & 1:
                _copy(data, *struct.unpack_from("<H", chunk, at))
                at += 2
            else:
                data.append(chunk[at])
                at += 1
    return data


def _copy(data: bytearray, token: int) -> None:
    bits = _offset_bits(len(data))
    start = len(data) - (token >> (16 - bits)) - 1
    for place in range(start, start + (token & (0xFFFF >> bits)) + _SHORTEST_COPY):  # a copy may overlap itself
        data.append(data[place])


def _offset_bits(position: int) -> int:
    """How many bits of a copy token hold its distance, which grows with the position; the rest hold its length."""
    return max(4, (position - 1).bit_length() if position else 0)
