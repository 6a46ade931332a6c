"""Byte-pair encoding of one piece of a text, merge by merge.

Sources: Sennrich et al. 2016; `_byte_pair_merge` of openai/tiktoken (which pair is next).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from udfs.backend.gpt2.vocabulary import Pair


@dataclass(frozen=True)
class MergeStep:
    """One merge: two neighbours of a piece become one.

    Attributes:
        index: which piece of `split(text)` this happens in.
        piece: the bytes of that piece.
        number: which merge of the piece this is, from 0.
        pair: the two neighbours, left and right.
        start: the byte of the piece that the pair begins with, from 0.
        rank: the merge's place in `vocab.bpe`, from 0. The lowest of a piece is merged first, and of equals
            the leftmost. The token that it makes has the id 256 + rank.
    """

    index: int
    piece: bytes
    number: int
    pair: tuple[bytes, bytes]
    start: int
    rank: int
    # Shared by the steps of a piece. For each byte: number of the merge that joined it to the byte before.
    # Later steps only put in numbers above this step's own, so `pieces` stays as it is.
    _joined_at: list[int] = field(repr=False, compare=False)

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """The parts of the piece after this merge, left to right: computed when asked for, not stored."""
        return self._parts(0, len(self.piece))

    def pieces_near(self, reach: int) -> tuple[bytes, ...]:
        """Those of `pieces` that are at most about `reach` bytes away from the merge; a cut one is left out."""
        end = self.start + len(self.pair[0]) + len(self.pair[1])
        first, last = max(self.start - reach, 0), min(end + reach, len(self.piece))
        while first < self.start and not self._starts_part(first):
            first += 1
        while last > end and last < len(self.piece) and not self._starts_part(last):
            last -= 1
        return self._parts(first, last)

    def _starts_part(self, at: int) -> bool:
        return at == 0 or self._joined_at[at] > self.number

    def _parts(self, first: int, last: int) -> tuple[bytes, ...]:
        starts = [i for i in range(first, last) if self._starts_part(i)]
        return tuple(self.piece[i:j] for i, j in zip(starts, [*starts[1:], last], strict=True))


def merges(index: int, piece: bytes, ranks: Mapping[Pair, int]) -> Iterator[MergeStep]:
    """The merges of one piece, in the order in which they are made; n log n time for n bytes."""
    size = len(piece)
    end_of = list(range(1, size + 1))  # a part's start -> its end; 0 where no part starts any more
    start_before = list(range(-1, size - 1))  # a part's start -> the start of the part before it
    joined_at = [size] * size  # a number above that of any merge: not joined
    queue: list[tuple[int, int, int, int]] = []

    def offer(left: int, middle: int, end: int) -> None:
        rank = ranks.get((piece[left:middle], piece[middle:end]))
        if rank is not None:
            heapq.heappush(queue, (rank, left, middle, end))

    for middle in range(1, size):
        offer(middle - 1, middle, middle + 1)
    number = 0
    while queue:
        rank, left, middle, end = heapq.heappop(queue)
        if end_of[left] != middle or end_of[middle] != end:
            continue  # one of the two has been merged with another neighbour since
        end_of[left], end_of[middle] = end, 0
        joined_at[middle] = number
        if left > 0:
            offer(start_before[left], left, end)
        if end < size:
            start_before[end] = left
            offer(left, end, end_of[end])
        yield MergeStep(index, piece, number, (piece[left:middle], piece[middle:end]), left, rank, joined_at)
        number += 1
