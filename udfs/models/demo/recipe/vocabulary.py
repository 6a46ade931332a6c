"""The tokens that the model learns: about 9,000 of GPT-2's 50,257. All the others share one row of the embedding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.backend.gpt2.tokenizer import END_OF_TEXT as END_OF_TEXT
from udfs.backend.gpt2.tokenizer import N_VOCAB as N_VOCAB

N_KNOWN: Final = 8999
"""With the row of all other tokens, the embedding in training has 9,000 rows."""


@dataclass(frozen=True)
class Vocabulary:
    """The GPT-2 tokens that the model learns, in order; every other token becomes `unknown`."""

    tokens: tuple[int, ...]

    @property
    def unknown(self) -> int:
        """The reduced id shared by all other tokens."""
        return len(self.tokens)

    @property
    def n_unknown(self) -> int:
        """The number of GPT-2 tokens that share the id `unknown`."""
        return N_VOCAB - len(self.tokens)

    def lookup(self) -> NDArray[np.int64]:
        """The reduced id of each GPT-2 token: [50257]."""
        table = np.full(N_VOCAB, self.unknown, dtype=np.int64)  # [n_vocab]
        table[list(self.tokens)] = np.arange(len(self.tokens))
        return table


def choose(
    needed: Iterable[int], counts: Mapping[str, Counter[int]], shares: Mapping[str, float], n: int
) -> Vocabulary:
    """The needed tokens and `<|endoftext|>`, then the most frequent tokens of the mixture, `n` in all.

    counts: how often each token occurs in each source
    shares: the weight of each source in the mixture
    """
    frequencies: Counter[int] = Counter()
    for name, counted in counts.items():
        weight = shares[name] / max(1, counted.total())
        for token, count in counted.items():
            frequencies[token] += weight * count  # type: ignore[assignment]  # a Counter holds fractions too
    ranked = sorted(frequencies, key=lambda token: (-frequencies[token], token))
    chosen = dict.fromkeys((END_OF_TEXT, *sorted(needed), *ranked))
    return Vocabulary(tuple(sorted(list(chosen)[:n])))
