"""GPT-2's pattern cuts a text into pieces, which are roughly words; merges never cross from one piece to the next.

Source: `encoder.py` of openai/gpt-2.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from udfs.backend.gpt2.vocabulary import N_BYTES

if TYPE_CHECKING:  # imported when a text is first split, so that `import udfs` is quick
    import tiktoken

# GPT-2's pattern, with tiktoken's possessive quantifiers: same matches, no backtracking.
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"

# The same for a text in which ASCII characters replace all others: see `_stand_ins`.
_ASCII_PATTERN = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s", re.ASCII)
_STAND_INS = {r"\p{L}": "A", r"\p{N}": "0", r"\s": "\n"}
_OTHER_STAND_IN = "!"


def pieces_of(text: str) -> list[bytes]:
    """The pieces of a text without special tokens and half surrogate pairs: together, its UTF-8 bytes."""
    spans = (match.span() for match in _ASCII_PATTERN.finditer(_stand_ins(text)))
    return [text[start:end].encode() for start, end in spans]


def whole_characters(text: str) -> str:
    """The text with surrogate pairs joined and halves of them replaced by U+FFFD, as tiktoken does."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _stand_ins(text: str) -> str:
    """The text with each non-ASCII character replaced by an ASCII one of the same class, so that `re` can split it.

    tiktoken itself classifies the characters: Python's Unicode tables, and those of the package `regex`, have other
    versions, and a letter that is new to them would split a text in another place.
    """
    others = {char for char in text if not char.isascii()}
    table = dict.fromkeys(map(ord, others), _OTHER_STAND_IN)
    if others:
        asked = "".join(others)
        for pattern, stand_in in _STAND_INS.items():
            found = bytes(_matcher(pattern).encode_ordinary(asked)).decode()
            table.update(dict.fromkeys(map(ord, found), stand_in))
    return text.translate(table)


@cache
def _matcher(pattern: str) -> tiktoken.Encoding:
    """An encoding that gives the bytes of the characters that match, and nothing for the others."""
    import tiktoken

    ranks = {bytes([byte]): byte for byte in range(N_BYTES)}
    return tiktoken.Encoding(pattern, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
