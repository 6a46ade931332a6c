"""GPT-2's tokenizer: byte-level byte-pair encoding, and the trace of its merges.

Encoding is tiktoken's, built from GPT-2's own list of merges. The trace of a text's merges ends in exactly
the same tokens.

Sources: Sennrich et al. 2016 (byte-pair encoding); Radford et al. 2019 and `encoder.py` of openai/gpt-2 (over
bytes, the pattern, the order of the bytes); `_byte_pair_merge` of openai/tiktoken (which pair is next).
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING

from udfs.backend.errors import ModelError

if TYPE_CHECKING:  # imported when a text is first encoded, so that `import udfs` is quick
    import tiktoken

N_VOCAB = 50257
END_OF_TEXT = 50256
END_OF_TEXT_TOKEN = "<|endoftext|>"

VOCAB_BPE = Path(__file__).parents[2] / "models" / "vocabulary" / "vocab.bpe"
VOCAB_BPE_SHA256 = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"

_N_BYTES = 256

# GPT-2's pattern, with tiktoken's possessive quantifiers: same matches, no backtracking.
_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"

# The same for a text in which ASCII characters replace all others: see `_stand_ins`.
_ASCII_PATTERN = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s", re.ASCII)
_STAND_INS = {r"\p{L}": "A", r"\p{N}": "0", r"\s": "\n"}
_OTHER_STAND_IN = "!"

_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # control characters except tab and line ends


@dataclass(frozen=True)
class MergeStep:
    """One merge: two neighbours of a piece become one.

    Attributes:
        index: which piece of `split(text)` this happens in.
        piece: the bytes of that piece.
        number: which merge of the piece this is, from 0.
        pair: the two neighbours, left and right.
        rank: the merge's place in `vocab.bpe`, from 0. The lowest of a piece is merged first, and of equals
            the leftmost. The token that it makes has the id 256 + rank.
    """

    index: int
    piece: bytes
    number: int
    pair: tuple[bytes, bytes]
    rank: int
    # Shared by the steps of a piece. For each byte: number of the merge that joined it to the byte before.
    # Later steps only put in numbers above this step's own, so `pieces` stays as it is.
    _joined_at: list[int] = field(repr=False, compare=False)

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """The parts of the piece after this merge, left to right: computed when asked for, not stored."""
        size = len(self.piece)
        starts = [0, *(i for i in range(1, size) if self._joined_at[i] > self.number)]
        return tuple(self.piece[i:j] for i, j in zip(starts, [*starts[1:], size], strict=True))


def encode(text: str) -> list[int]:
    """Token ids of a text.

    `<|endoftext|>` in the text is the special token 50256. Half a surrogate pair counts as U+FFFD.

    Raises:
        ModelError: tiktoken gives up on the text (about a million white-space characters in a row).
    """
    try:
        return _encoding().encode(text, allowed_special="all")
    except ValueError as error:
        raise ModelError(f"text of {len(text)} characters cannot be tokenized: {error}") from error


def decode(ids: Iterable[int]) -> str:
    """Text of token ids. Bytes that are not whole UTF-8 characters become U+FFFD.

    Raises:
        ModelError: an id is not a whole number from 0 to 50256.
    """
    return b"".join(map(token_bytes, ids)).decode("utf-8", errors="replace")


def token_bytes(token_id: int) -> bytes:
    """The bytes that a token stands for.

    Raises:
        ModelError: the id is not a whole number from 0 to 50256.
    """
    return _encoding().decode_single_token_bytes(_checked_id(token_id))


def token_text(token_id: int) -> str:
    r"""A token as text to read: see `bytes_text`. No two tokens look the same.

    Raises:
        ModelError: the id is not a whole number from 0 to 50256.
    """
    return bytes_text(token_bytes(token_id))


def bytes_text(data: bytes) -> str:
    r"""Bytes as text to read: characters where they are whole UTF-8, otherwise bytes such as `\xe2\x80`.

    Control characters, which are invisible, are shown as bytes too, except tabs and line ends.
    """
    text = data.decode("utf-8", errors="backslashreplace")
    return _INVISIBLE.sub(lambda match: "".join(f"\\x{byte:02x}" for byte in match[0].encode()), text)


def split(text: str) -> list[bytes]:
    """The pieces that a text is cut into before any merge: merges never cross from one to the next.

    Together they are the text's UTF-8 bytes (half a surrogate pair counts as U+FFFD). The special token is a
    piece of its own.
    """
    pieces: list[bytes] = []
    for i, part in enumerate(_whole_characters(text).split(END_OF_TEXT_TOKEN)):
        if i > 0:
            pieces.append(END_OF_TEXT_TOKEN.encode())
        spans = (match.span() for match in _ASCII_PATTERN.finditer(_stand_ins(part)))
        pieces += [part[start:end].encode() for start, end in spans]
    return pieces


def merge_steps(text: str) -> Iterator[MergeStep]:
    """Byte-pair encoding of a text, merge by merge, piece after piece.

    Each piece of `split(text)` starts as single bytes, and its last step's `pieces` are its tokens. A piece
    without a step has its bytes as tokens; the special token is one token. The steps are made as they are
    asked for, so the first ones of a long text cost little; all of a piece of n bytes take n log n time.
    """
    for i, piece in enumerate(split(text)):
        if piece != END_OF_TEXT_TOKEN.encode():
            yield from _merge(i, piece)


def _merge(index: int, piece: bytes) -> Iterator[MergeStep]:
    size = len(piece)
    ranks = _ranks()
    end_of = list(range(1, size + 1))  # a part's start -> its end; 0 where no part starts any more
    start_before = list(range(-1, size - 1))  # a part's start -> the start of the part before it
    joined_at = [size] * size  # a number above that of any merge: not joined
    queue: list[tuple[int, int, int, int]] = []

    def offer(left: int, middle: int, end: int) -> None:
        token = ranks.get(piece[left:end])
        if token is not None:
            heapq.heappush(queue, (token, left, middle, end))

    for middle in range(1, size):
        offer(middle - 1, middle, middle + 1)
    number = 0
    while queue:
        token, left, middle, end = heapq.heappop(queue)
        if end_of[left] != middle or end_of[middle] != end:
            continue  # one of the two has been merged with another neighbour since
        end_of[left], end_of[middle] = end, 0
        joined_at[middle] = number
        if left > 0:
            offer(start_before[left], left, end)
        if end < size:
            start_before[end] = left
            offer(left, end, end_of[end])
        pair = (piece[left:middle], piece[middle:end])
        yield MergeStep(index, piece, number, pair, token - _N_BYTES, joined_at)
        number += 1


def _whole_characters(text: str) -> str:
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

    ranks = {bytes([byte]): byte for byte in range(_N_BYTES)}
    return tiktoken.Encoding(pattern, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})


@cache
def _encoding() -> tiktoken.Encoding:
    import tiktoken

    return tiktoken.Encoding(
        "gpt2",
        pat_str=_PATTERN,
        mergeable_ranks=_ranks(),
        special_tokens={END_OF_TEXT_TOKEN: END_OF_TEXT},
        explicit_n_vocab=N_VOCAB,
    )


@cache
def _ranks() -> dict[bytes, int]:
    return _read_ranks(VOCAB_BPE)


def _read_ranks(vocab_bpe: Path) -> dict[bytes, int]:
    """Token bytes -> token id, for all tokens but the special one."""
    try:
        content = vocab_bpe.read_bytes()
    except OSError as error:
        raise ModelError(f"{vocab_bpe}: {error.strerror}: install gpt2-excel again") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != VOCAB_BPE_SHA256:
        raise ModelError(
            f"{vocab_bpe} is damaged (SHA-256 {digest[:8]}..., not {VOCAB_BPE_SHA256[:8]}...): install gpt2-excel again"
        )
    byte_order = _byte_order()
    to_latin_1 = {ord(char): byte for byte, char in byte_order.items()}
    _, *merges, _ = content.decode("utf-8").split("\n")
    tokens = [merge.replace(" ", "").translate(to_latin_1).encode("latin-1") for merge in merges]
    return {token: i for i, token in enumerate([*(bytes([byte]) for byte in byte_order), *tokens])}


def _byte_order() -> dict[int, str]:
    """Each byte, in the order of the ids 0 to 255, and the character that stands for it in `vocab.bpe`.

    Printable Latin-1 stands for itself and comes first; the other bytes are U+0100, U+0101, ...
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(_N_BYTES) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(0x100 + i) for i, byte in enumerate(others)}


def _checked_id(token_id: object) -> int:
    if isinstance(token_id, Integral) and not isinstance(token_id, bool) and int(token_id) in range(N_VOCAB):
        return int(token_id)
    shown = token_id if isinstance(token_id, Real) else repr(token_id)
    raise ModelError(f"token id must be a whole number from 0 to {N_VOCAB - 1}, not {shown}")
