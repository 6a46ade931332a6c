"""The losses of a network in training on held-out text, source by source."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import torch
from torch.nn import functional

from udfs.backend.gpt2.tokenizer import encode
from udfs.models.demo.recipe.network import Network
from udfs.models.demo.recipe.sources import Texts
from udfs.models.demo.recipe.vocabulary import Vocabulary

_TOKENS: Final = 6000
_LONGEST: Final = 256


def perplexities(network: Network, vocabulary: Vocabulary, texts: Mapping[str, Texts]) -> dict[str, float]:
    """The perplexity of a sample of each source's held-out documents, over all 50,257 tokens.

    Each document is read by itself, without `<|endoftext|>` before it, as in a cell. So its first token is not counted.
    """
    return {name: round(_perplexity(network, vocabulary, part.held_out), 2) for name, part in texts.items()}


@torch.no_grad()
def _perplexity(network: Network, vocabulary: Vocabulary, documents: tuple[str, ...]) -> float:
    lookup, total, count = torch.from_numpy(vocabulary.lookup()), 0.0, 0
    for text in documents:
        ids = lookup[encode(text)[:_LONGEST]]  # [length]
        losses = functional.cross_entropy(network(ids[None, :-1])[0], ids[1:], reduction="sum")
        total += float(losses) + int((ids[1:] == vocabulary.unknown).sum()) * math.log(vocabulary.n_unknown)
        count += len(ids) - 1
        if count > _TOKENS:
            break
    return math.exp(total / max(1, count))
