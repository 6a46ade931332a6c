"""Many prompts through the model at once.

The rows of all prompts of a batch go through a linear layer together, several times as fast as prompt by prompt. Only
attention looks at prompts, and takes those of one length together, so no prompt is padded.

The prompts alone decide which of them share a batch, so the same call gives the same bytes. The last digits of a
prompt's numbers may differ from those that it has alone or among other prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from udfs.backend.arrays import Array
from udfs.backend.fast import forward as fast
from udfs.backend.fast.threads import in_shares
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.forward import no_hook
from udfs.backend.gpt2.interventions import with_interventions
from udfs.backend.gpt2.model import Model
from udfs.backend.stopping import check_wanted
from udfs.backend.stream import block

_TOKENS = 1024  # of a batch, about

_Result = TypeVar("_Result")


class Batch(NamedTuple):
    """Prompts that are read together, the shortest first, and their places among all prompts.

    Their rows are below each other in one array: those of prompt 0, of prompt 1, and so on.
    """

    prompts: tuple[Sequence[int], ...]
    places: tuple[int, ...]

    @property
    def lengths(self) -> NDArray[np.intp]:
        """The number of tokens of each prompt."""
        return np.array([len(ids) for ids in self.prompts])

    @property
    def starts(self) -> NDArray[np.intp]:
        """The row of each prompt's first token."""
        return np.cumsum(self.lengths) - self.lengths

    @property
    def last_rows(self) -> NDArray[np.intp]:
        """The row of each prompt's last token."""
        return np.cumsum(self.lengths) - 1

    def of_equal_length(self) -> list[tuple[int, int]]:
        """For each length, the number of prompts and their tokens, the shortest first."""
        return [(len(list(group)), length) for length, group in groupby(map(len, self.prompts))]


def for_each(prompts: Sequence[Sequence[int]], work: Callable[[Batch], Sequence[_Result]]) -> list[_Result]:
    """A result for each prompt, in the order of the prompts. `work` gives one for each prompt of a batch.

    Batches run on all cores. Raises Stopped if the results are no longer wanted.
    """
    batches = list(_batches(prompts))
    shares = in_shares(len(batches), lambda share: [work(batch) for batch in batches[share]])
    found = zip(batches, (results for share in shares for results in share), strict=True)
    by_place = {place: result for batch, results in found for place, result in zip(batch.places, results, strict=True)}
    return [by_place[place] for place in range(len(prompts))]


def _batches(prompts: Sequence[Sequence[int]]) -> Iterator[Batch]:
    """The prompts in the order of their lengths, cut into batches of about the same number of tokens."""
    order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
    starts = list(accumulate((len(prompts[place]) for place in order), initial=0))  # the tokens before each prompt
    count = _n_batches(starts[-1])
    for _, group in groupby(zip(starts, order, strict=False), lambda pair: pair[0] * count // starts[-1]):
        places = tuple(place for _, place in group)
        yield Batch(tuple(prompts[place] for place in places), places)


def _n_batches(n_tokens: int) -> int:
    """One batch, or an even number, so that two cores have equal work."""
    count = max(1, -(-n_tokens // _TOKENS))
    return count if count == 1 else count + count % 2


def streams(batch: Batch, model: Model) -> Iterator[Array]:
    """The stream that enters each block, then the stream that leaves the last one: `[n_rows, n_embd]`.

    What the model text changes at `h.2` is not yet changed in the stream that enters block 2; see `with_entering`.
    """
    residual = np.concatenate([forward.embed(ids, model) for ids in batch.prompts])
    yield residual
    for layer in range(model.config.n_layer):
        residual = _block(layer, residual, batch, model)
        yield residual


def final_stream(batch: Batch, model: Model) -> Array:
    """The stream that leaves the last block, `[n_rows, n_embd]`."""
    *_, last = streams(batch, model)
    return last


def with_entering(layer: int, residual: Array, batch: Batch, model: Model) -> Array:
    """The stream that enters a block, with what the model text changes there."""
    place = f"blocks.{layer}.hook_resid_pre"
    if not any(intervention.hook == place for intervention in model.interventions):
        return residual
    return _by_length(
        lambda part: with_interventions(no_hook, model.interventions, 0, part.shape[-2])(place, part), residual, batch
    )


def _block(layer: int, residual: Array, batch: Batch, model: Model) -> Array:
    # Interventions depend on where each prompt ends.
    if any(intervention.layer == layer for intervention in model.interventions):
        return _by_length(lambda part: block(layer, part, model), residual, batch)
    check_wanted()
    return fast.block_of_prompts(layer, residual, batch.of_equal_length(), model)


def _by_length(function: Callable[[Array], Array], residual: Array, batch: Batch) -> Array:
    """The function's results for the prompts of each length, `[n_prompts, n_seq, n_embd]`, as rows again."""
    parts = fast.by_length(residual, batch.of_equal_length())
    return np.concatenate([function(part).reshape(-1, part.shape[-1]) for part in parts])
