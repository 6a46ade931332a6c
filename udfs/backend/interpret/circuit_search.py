"""The search for a circuit: heads and MLPs that are enough for a task, and that are all needed.

A search can try each part by itself, again and again, or first drop many at once, those that matter least by a
gradient. Either way, every step is verified by running the model.

Source: Syed et al. 2023, "Attribution Patching Outperforms Automated Circuit Discovery" (the gradient).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.interpret.circuits import Parts, Task, union

_ROWS = 2048  # tokens that go through a block together


def thinned(task: Task, candidates: Iterable[Parts], progress: Callable[[Parts, float], None]) -> list[Parts]:
    """Candidates that get every prompt right, after others were dropped many at a time, the least important first.

    Importance is estimated once, by a gradient. Each drop is kept only if every prompt is still right. Calls `progress`
    as `smallest` does, which can go on from there.
    """
    importances = task.importances()
    kept = sorted(candidates, key=lambda candidate: sum(importances[part] for part in sorted(candidate)), reverse=True)
    step = len(kept) // 2
    while step:
        fewer = kept[:-step]
        lead = task.lead(union(fewer))
        if lead > 0:
            kept = fewer
            progress(union(kept), lead)
            step = min(step, len(kept) // 2)
        else:
            step //= 2
    return kept


def smallest(
    task: Task,
    candidates: Iterable[Parts],
    progress: Callable[[Parts, float], None],
    elsewhere: Callable[[Sequence[Sequence[Parts]], Sequence[Parts]], Iterable[Sequence[float]]] | None = None,
) -> Parts:
    """A set of candidates that gets every prompt right, and no longer does if any one candidate is dropped.

    A candidate is parts of one block. Begins with all candidates and drops one after the other, each time the one whose
    loss leaves the answers furthest ahead, as long as all are right. Calls `progress` with the parts that are kept and
    the lead of the answers. `elsewhere` computes `leads_without` for several groups of candidates, by default one after
    the other in this process. Raises ModelError if not all prompts are right to begin with.
    """
    kept = sorted(candidates, key=_block_of)
    at_once = max(1, _ROWS // task.n_tokens)
    while True:
        streams = task.streams(union(kept))
        (lead,) = task.leads(streams[-1])
        if lead <= 0:
            raise ModelError("every prompt must get its answer before any component is left out")
        progress(union(kept), float(lead))
        groups = [kept[start : start + at_once] for start in range(0, len(kept), at_once)]
        if elsewhere is None:
            found: Iterable[Sequence[float]] = [leads_without(group, kept, task, streams) for group in groups]
        else:
            found = elsewhere(groups, kept)
        leads = [lead for of_group in found for lead in of_group]
        if max(leads, default=0) <= 0:
            return union(kept)
        del kept[int(np.argmax(leads))]


def leads_without(
    group: Sequence[Parts], kept: Sequence[Parts], task: Task, streams: Sequence[list[Array]]
) -> list[float]:
    """For each candidate of the group, the answers' lead if it is dropped too; `streams` are those of what is kept.

    Up to its own block, a run without a candidate is the run with all of them. After that block it keeps the same parts
    as the others, so all go through a block together.
    """
    everything = union(kept)
    stream: list[Array] = []  # of the runs whose own block is over
    for layer in range(task.model.config.n_layer):
        if stream:
            stream = task.through(layer, stream, everything)
        own = [candidate for candidate in group if _block_of(candidate) == layer]
        begun = [task.through(layer, streams[layer], everything - candidate) for candidate in own]
        stream = [np.concatenate(arrays) for arrays in zip(*([stream] if stream else []), *begun, strict=True)]
    return task.leads(stream).tolist()


def _block_of(candidate: Parts) -> int:
    (layer,) = {part.layer for part in candidate}
    return layer
