"""Circuits: which heads and MLPs are enough for a task, when all the others give only their average.

A part is one head or one MLP. A part that is not kept gives its mean over the prompts of the task ("mean": position
by position where all prompts have the same number of tokens, else over all positions), or nothing ("zero"). The
embeddings stay, and so do the biases that the heads of an attention share. Source: Wang et al. 2022 (a circuit is
judged by mean-ablating all that is outside it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.config import Config
from udfs.backend.gpt2.forward import See
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret import batch
from udfs.backend.interpret.logit_lens import Standing, standing
from udfs.backend.interpret.places import check_index
from udfs.backend.interpret.runs import run

METHODS = ("mean", "zero")

_COMPONENT = re.compile(r"h\.(\d+)\.(?:mlp|attn(?:\.head\.(\d+))?)")


class Part(NamedTuple):
    """One head, or the MLP of a block, where `head` is None."""

    layer: int
    head: int | None


Parts: TypeAlias = frozenset[Part]


def parse_component(name: str, config: Config) -> Parts:
    """The parts that `h.9.attn.head.1`, `h.9.attn` (all its heads) or `h.0.mlp` stands for; ModelError otherwise."""
    match = _COMPONENT.fullmatch(name.strip())
    if match is None:
        raise ModelError(f"components must be such as h.9.attn.head.1, h.9.attn or h.0.mlp, not {name!r}")
    layer = check_index("components: layer", int(match[1]), config.n_layer)
    if match[2] is not None:
        return frozenset([Part(layer, check_index("components: head", int(match[2]), config.n_head))])
    return _mlp(layer) if match[0].endswith("mlp") else _attention(layer, config)


def component_names(parts: Parts, config: Config) -> list[str]:
    """The names of these parts in the order of the forward pass; an attention with all its heads is one name."""
    names = []
    for layer in range(config.n_layer):
        heads = [head for head in range(config.n_head) if Part(layer, head) in parts]
        whole = len(heads) == config.n_head
        names += [f"h.{layer}.attn"] if whole else [f"h.{layer}.attn.head.{head}" for head in heads]
        names += [f"h.{layer}.mlp"] * (Part(layer, None) in parts)
    return names


def halves(config: Config) -> list[Parts]:
    """Every attention and every MLP, each as the set of its parts."""
    return [half for layer in range(config.n_layer) for half in (_attention(layer, config), _mlp(layer))]


def singles(parts: Parts, config: Config) -> list[Parts]:
    """Each part as a set of its own, in the order of the forward pass."""
    return [frozenset([part]) for half in halves(config) for part in sorted(half) if part in parts]


def _attention(layer: int, config: Config) -> Parts:
    return frozenset(Part(layer, head) for head in range(config.n_head))


def _mlp(layer: int) -> Parts:
    return frozenset([Part(layer, None)])


@dataclass(frozen=True, eq=False)
class _Averages:
    """What a block's parts give when not kept: z `[n_head, n_seq or 1, d_head]`, MLP `[n_seq or 1, n_embd]`."""

    z: Array
    mlp: Array


class Task:
    """Prompts and the token that should follow each, on a model of which some parts may be kept and others not.

    Prompts of one length go through the model together: a stream is a list, for each length one `[n_prompts, n_seq,
    n_embd]`. Raises ModelError for one prompt alone with the method "mean": its average is itself.
    """

    def __init__(self, prompts: Sequence[Sequence[int]], answers: Sequence[int], model: Model, method: str) -> None:
        if method == "mean" and len(prompts) < 2:
            raise ModelError("prompts must be at least 2 for the method mean, not 1")
        self.model = model
        lengths = sorted({len(ids) for ids in prompts})
        self._order = [number for length in lengths for number, ids in enumerate(prompts) if len(ids) == length]
        self._answers = np.array([answers[number] for number in self._order])
        self._runs = [[run(ids, model) for ids in prompts if len(ids) == length] for length in lengths]
        self._averages = [self._average(layer, method) for layer in range(model.config.n_layer)]

    def entering(self) -> list[Array]:
        """The stream that enters block 0: what is kept makes no difference to it."""
        return self._stream(0)

    def through(self, layer: int, stream: list[Array], kept: Parts) -> list[Array]:
        """The stream after one block of which only these parts are kept."""
        see = self._ablation(layer, kept)
        return [batch.block(layer, residuals, self.model, see) for residuals in stream]

    def logits(self, kept: Parts) -> Array:
        """The logits of the next token after each prompt, with only these parts kept: `[n_prompts, n_vocab]`."""
        stream = self.entering()
        for layer in range(self.model.config.n_layer):
            stream = self.through(layer, stream, kept)
        return self._unembed(stream)[np.argsort(self._order)]

    def standing(self, kept: Parts) -> Standing:
        """How each prompt's answer stands with only these parts kept."""
        return standing(self.logits(kept), self._answers[np.argsort(self._order)])

    def lead(self, final: list[Array]) -> float:
        """How far the answer's logit is above the best other one, in the prompt where it is least far; right if > 0."""
        logits = self._unembed(final)
        rows = np.arange(len(logits))
        own = logits[rows, self._answers]
        logits[rows, self._answers] = -np.inf
        return float((own - logits.max(axis=1)).min())

    def _unembed(self, final: list[Array]) -> Array:
        return forward.unembed(np.concatenate([residuals[:, -1] for residuals in final]), self.model)

    def _stream(self, layer: int) -> list[Array]:
        return [np.stack([of.stream[layer] for of in runs]) for runs in self._runs]

    def _average(self, layer: int, method: str) -> _Averages:
        config = self.model.config
        if method == "zero":
            z_shape, mlp_shape = (config.n_head, 1, config.d_head), (1, config.n_embd)
            return _Averages(np.zeros(z_shape, self.model.dtype), np.zeros(mlp_shape, self.model.dtype))
        z, mlp = [], []

        def record(place: str, value: Array) -> Array:
            if place.endswith("hook_z"):
                z.append(value.swapaxes(1, 2))  # [n_prompts, n_seq, n_head, d_head]
            elif place.endswith("hook_mlp_out"):
                mlp.append(value)  # [n_prompts, n_seq, n_embd]
            return value

        for residuals in self._stream(layer):
            batch.block(layer, residuals, self.model, record)
        return _Averages(_mean(z).swapaxes(0, 1), _mean(mlp))

    def _ablation(self, layer: int, kept: Parts) -> See:
        lost = [head for head in range(self.model.config.n_head) if Part(layer, head) not in kept]
        averages = self._averages[layer]

        def see(place: str, value: Array) -> Array:
            if place.endswith("hook_z") and lost:
                value = value.copy()
                value[:, lost] = averages.z[lost]
            elif place.endswith("hook_mlp_out") and Part(layer, None) not in kept:
                value = np.broadcast_to(averages.mlp, value.shape)
            return value

        return see


def _mean(values: list[Array]) -> Array:
    """Over prompts position by position, or over all positions if there are several lengths: `[n_seq or 1, ...]`."""
    if len(values) == 1:
        return values[0].mean(axis=0)
    return np.concatenate([value.reshape(-1, *value.shape[2:]) for value in values]).mean(axis=0, keepdims=True)


def smallest(task: Task, candidates: Iterable[Parts], progress: Callable[[Parts, float], None]) -> Parts:
    """Candidates without any one of which some prompt of the task goes wrong.

    Begins with all candidates and drops one after the other, each time the one without which the answers stay
    furthest ahead, as long as all are right. `progress` is told what is kept and by how much the answers lead.
    Raises ModelError where not all prompts are right to begin with.
    """
    kept = list(candidates)
    while True:
        streams = [task.entering()]
        for layer in range(task.model.config.n_layer):
            streams.append(task.through(layer, streams[-1], _union(kept)))
        lead = task.lead(streams[-1])
        if lead <= 0:
            raise ModelError("prompts must all get their answers with the parts that are there at first")
        progress(_union(kept), lead)
        leads = [_lead_without(candidate, kept, task, streams) for candidate in kept]
        if max(leads, default=0) <= 0:
            return _union(kept)
        del kept[int(np.argmax(leads))]


def _lead_without(candidate: Parts, kept: list[Parts], task: Task, streams: list[list[Array]]) -> float:
    """The answers' lead when this candidate is dropped too; only the blocks from its own on are computed."""
    rest = _union(kept) - candidate
    first = min(part.layer for part in candidate)
    stream = streams[first]
    for layer in range(first, task.model.config.n_layer):
        stream = task.through(layer, stream, rest)
    return task.lead(stream)


def _union(candidates: list[Parts]) -> Parts:
    return frozenset().union(*candidates)
