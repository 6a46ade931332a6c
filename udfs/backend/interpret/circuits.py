"""Circuits: how well does a model do a task if only some heads and MLPs work, and the others give their average?

A part is one head or one MLP. A part that is ablated gives its mean over the prompts of the task (method "mean":
position by position if all prompts have the same number of tokens, else over all positions) or nothing ("zero"). The
embeddings stay, and so do the biases that the heads of an attention share.

Source: Wang et al. 2022, who judge a circuit by mean-ablating everything outside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from udfs.backend.arrays import Array
from udfs.backend.errors import ModelError
from udfs.backend.gpt2 import forward
from udfs.backend.gpt2.config import Config
from udfs.backend.gpt2.forward import Hook
from udfs.backend.gpt2.model import Model
from udfs.backend.interpret.gradients import Gradients, Objective, backward, from_last_tokens, logit, record
from udfs.backend.interpret.places import Component, parse_component
from udfs.backend.next_token import Standing, standing
from udfs.backend.stopping import check_wanted
from udfs.backend.stream import block, residual_stream

METHODS = ("mean", "zero")


class Part(NamedTuple):
    """One head, or the MLP of a block if `head` is None."""

    layer: int
    head: int | None


Parts: TypeAlias = frozenset[Part]


def parse_parts(name: str, config: Config, argument: str = "components") -> Parts:
    """The parts that `h.9.attn.head.1`, `h.9.attn` (all its heads) or `h.0.mlp` names. Raises ModelError otherwise."""
    component = parse_component(name, config, argument)
    if component.half == "mlp":
        return _mlp(component.layer)
    if component.head is None:
        return _attention(component.layer, config)
    return frozenset([Part(component.layer, component.head)])


def component_names(parts: Parts, config: Config) -> list[str]:
    """The names of these parts in the order of the forward pass; an attention with all its heads is one name."""
    names: list[str] = []
    for layer in range(config.n_layer):
        heads = [head for head in range(config.n_head) if Part(layer, head) in parts]
        whole = len(heads) == config.n_head
        names += [str(Component(layer, "attn", head)) for head in ([None] if whole else heads)]
        names += [str(Component(layer, "mlp"))] * (Part(layer, None) in parts)
    return names


def halves(config: Config) -> list[Parts]:
    """Every attention and every MLP, each as the set of its parts."""
    return [half for layer in range(config.n_layer) for half in (_attention(layer, config), _mlp(layer))]


def singles(parts: Parts, config: Config) -> list[Parts]:
    """Each part as a set of its own, in the order of the forward pass."""
    return [frozenset([part]) for half in halves(config) for part in sorted(half) if part in parts]


def union(candidates: Iterable[Parts]) -> Parts:
    """All parts of some candidates."""
    return frozenset().union(*candidates)


def _attention(layer: int, config: Config) -> Parts:
    return frozenset(Part(layer, head) for head in range(config.n_head))


def _mlp(layer: int) -> Parts:
    return frozenset([Part(layer, None)])


class _Averages(NamedTuple):
    """What ablated parts of a block give, for every position or the same for all.

    Attributes:
        z: of each head, `[n_head, n_seq or 1, d_head]`.
        attention: of all heads together, with their biases, `[n_seq or 1, n_embd]`.
        mlp: `[n_seq or 1, n_embd]`.
    """

    z: Array
    attention: Array
    mlp: Array


class Task:
    """Prompts and the token that should follow each, on a model that keeps some parts and ablates the others.

    Prompts of equal length go through the model together, so a stream is a list with one array `[n_prompts, n_seq,
    n_embd]` for each length. Raises ModelError for a single prompt with the method "mean", which would be its own
    average.
    """

    def __init__(self, prompts: Sequence[Sequence[int]], answers: Sequence[int], model: Model, method: str) -> None:
        if method == "mean" and len(prompts) < 2:
            raise ModelError("prompts must hold at least 2 texts for the method mean, not 1")
        self.model = model
        lengths = sorted({len(ids) for ids in prompts})
        self.n_tokens = sum(map(len, prompts))
        self._order = [number for length in lengths for number, ids in enumerate(prompts) if len(ids) == length]
        self._answers = np.array([answers[number] for number in self._order])
        self._streams = [[residual_stream(ids, model) for ids in prompts if len(ids) == length] for length in lengths]
        self._averages = [self._average(layer, method) for layer in range(model.config.n_layer)]

    def entering(self) -> list[Array]:
        """The stream that enters block 0, which is the same for all choices of parts."""
        return self._stream(0)

    def through(self, layer: int, stream: list[Array], kept: Parts) -> list[Array]:
        """The stream after one block that keeps only these parts."""
        if any(intervention.layer == layer for intervention in self.model.interventions):
            hook = self._ablation(layer, kept)
            return [block(layer, residuals, self.model, hook) for residuals in stream]
        return [self._quick_block(layer, residuals, kept) for residuals in stream]

    def streams(self, kept: Parts) -> list[list[Array]]:
        """The stream that enters each block, then the stream that leaves the last one, if these parts are kept."""
        streams = [self.entering()]
        for layer in range(self.model.config.n_layer):
            streams.append(self.through(layer, streams[-1], kept))
        return streams

    def logits(self, kept: Parts) -> Array:
        """The logits of the next token after each prompt if only these parts are kept: `[n_prompts, n_vocab]`."""
        final = np.concatenate([residuals[:, -1] for residuals in self.streams(kept)[-1]])
        return forward.unembed(final, self.model)[np.argsort(self._order)]

    def standing(self, kept: Parts) -> Standing:
        """The standing of each prompt's answer if only these parts are kept."""
        return standing(self.logits(kept), self._answers[np.argsort(self._order)])

    def leads(self, final: list[Array]) -> Array:
        """The smallest lead of an answer's logit over the best other token; above 0 if all answers are right.

        `final` may hold several runs of all prompts, one after the other. Returns the lead of each run, `[n_runs]`.
        """
        last = [residuals[:, -1] for residuals in final]  # [n_runs * n_prompts of this length, n_embd]
        n_runs = sum(map(len, last)) // len(self._answers)
        runs = np.concatenate([rows.reshape(n_runs, -1, rows.shape[-1]) for rows in last], axis=1)
        logits = forward.unembed(runs, self.model)  # [n_runs, n_prompts, n_vocab]
        answers = self._answers[None, :, None]
        own = np.take_along_axis(logits, answers, axis=-1)[..., 0]
        np.put_along_axis(logits, answers, -np.inf, axis=-1)
        return (own - logits.max(axis=-1)).min(axis=1)

    def lead(self, kept: Parts) -> float:
        """The smallest lead of an answer if only these parts are kept; see `leads`."""
        return float(self.leads(self.streams(kept)[-1])[0])

    def importances(self) -> dict[Part, float]:
        """How much smaller the answers' leads become without each part: the mean, estimated from gradients."""
        found = dict.fromkeys(union(halves(self.model.config)), 0.0)
        answers = iter(self._answers)
        for residuals in self.entering():
            trace, slopes = record(residuals, self.model), Gradients(0.0)
            _, d_final = from_last_tokens(trace, [_lead(int(next(answers))) for _ in residuals], self.model)
            backward(d_final, trace, self.model, slopes)
            for layer, average in enumerate(self._averages):
                z, mlp = f"blocks.{layer}.attn.hook_z", f"blocks.{layer}.hook_mlp_out"
                of_heads = (slopes.places[z] * (trace[z] - average.z)).sum(axis=(0, 2, 3))  # -> [n_head]
                of_mlp = (slopes.places[mlp] * (trace[mlp] - average.mlp)).sum()
                for head, lost in [*enumerate(of_heads), (None, of_mlp)]:
                    found[Part(layer, head)] += float(lost) / len(self._answers)
        return found

    def _stream(self, layer: int) -> list[Array]:
        return [np.stack([stream[layer] for stream in streams]) for streams in self._streams]

    def _average(self, layer: int, method: str) -> _Averages:
        config = self.model.config
        if method == "zero":
            z_shape, mlp_shape = (config.n_head, 1, config.d_head), (1, config.n_embd)
            return self._averages_of(layer, np.zeros(z_shape, self.model.dtype), np.zeros(mlp_shape, self.model.dtype))
        z: list[Array] = []
        mlp: list[Array] = []

        def keep(place: str, value: Array) -> Array:
            if place.endswith("hook_z"):
                z.append(value.swapaxes(1, 2))  # [n_prompts, n_seq, n_head, d_head]
            elif place.endswith("hook_mlp_out"):
                mlp.append(value)  # [n_prompts, n_seq, n_embd]
            return value

        for residuals in self._stream(layer):
            block(layer, residuals, self.model, keep)
        return self._averages_of(layer, _mean(z).swapaxes(0, 1), _mean(mlp))

    def _averages_of(self, layer: int, z: Array, mlp: Array) -> _Averages:
        attention = self.model.linear(f"h.{layer}.attn.c_proj")(forward.join_heads(z))
        return _Averages(z, attention, mlp)

    def _quick_block(self, layer: int, residuals: Array, kept: Parts) -> Array:
        """One block without interventions. A half of it without kept parts is not computed: it gives its average."""
        check_wanted()
        averages, model = self._averages[layer], self.model
        if any(Part(layer, head) in kept for head in range(model.config.n_head)):
            normalized = forward.layer_norm(residuals, f"h.{layer}.ln_1", model)
            residuals = residuals + forward.attention(layer, normalized, model, self._ablation(layer, kept))
        else:
            residuals = residuals + averages.attention
        if Part(layer, None) in kept:
            return residuals + forward.mlp(layer, forward.layer_norm(residuals, f"h.{layer}.ln_2", model), model)
        return residuals + averages.mlp

    def _ablation(self, layer: int, kept: Parts) -> Hook:
        lost = [head for head in range(self.model.config.n_head) if Part(layer, head) not in kept]
        averages = self._averages[layer]

        def ablate(place: str, value: Array) -> Array:
            if place.endswith("hook_z") and lost:
                value = value.copy()
                value[:, lost] = averages.z[lost]
            elif place.endswith("hook_mlp_out") and Part(layer, None) not in kept:
                value = np.broadcast_to(averages.mlp, value.shape)
            return value

        return ablate


def _lead(answer: int) -> Objective:
    """The answer's logit minus that of the best other token."""

    def objective(logits: Array) -> tuple[float, Array]:
        others = np.where(np.arange(len(logits)) == answer, -np.inf, logits)
        return logit(answer, int(others.argmax()))(logits)

    return objective


def _mean(values: list[Array]) -> Array:
    """The mean over prompts position by position, or over all positions if lengths differ: `[n_seq or 1, ...]`."""
    if len(values) == 1:
        return values[0].mean(axis=0)
    return np.concatenate([value.reshape(-1, *value.shape[2:]) for value in values]).mean(axis=0, keepdims=True)
