"""Training: Muon for the matrices of the blocks, AdamW for the rest, and a checkpoint to continue from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor

from udfs.models.demo.recipe import export
from udfs.models.demo.recipe.loss import weighted_cross_entropy
from udfs.models.demo.recipe.mixture import Mixture
from udfs.models.demo.recipe.muon import Muon
from udfs.models.demo.recipe.network import Network, Shape
from udfs.models.demo.recipe.schedule import Schedule
from udfs.models.demo.recipe.sources import Texts
from udfs.models.demo.recipe.vocabulary import N_KNOWN, Vocabulary

CHECKPOINT: Final = "checkpoint.pt"
LOG: Final = "log.jsonl"


class Rows(NamedTuple):
    """The form of a batch; `long` selects the mixture."""

    rows: int
    length: int
    long: bool


@dataclass(frozen=True)
class Plan:
    """The settings of a training run. The same plan and the same texts give the same batches.

    workers: the threads that share the rows of a batch. They meet once in a step, not in every operation, as PyTorch's
    own threads do: on a machine with other work those mostly wait for each other.
    """

    shape: Shape = field(default_factory=Shape)
    n_known: int = N_KNOWN
    batches: tuple[Rows, ...] = (Rows(48, 64, False), Rows(48, 64, False), Rows(12, 256, True))
    schedule: Schedule = field(default_factory=Schedule)
    seed: int = 3
    workers: int = 2
    matrix_rate: float = 0.015
    other_rate: float = 7e-3
    log_every: int = 50
    watch_every: int = 600
    checkpoint_seconds: float = 200.0


@dataclass
class Run:
    """A network in training, and how far it is.

    tokens: the number of tokens seen
    seconds: how long it has trained
    cooling_from: the number of tokens at which the cool-down began, None before
    """

    mixture: Mixture
    network: Network
    optimizers: tuple[torch.optim.Optimizer, ...]
    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    cooling_from: int | None = None


Watch = Callable[[Run], Mapping[str, object]]


def start(plan: Plan, texts: Mapping[str, Texts], checkpoint: Path, model: Path | None = None) -> Run:
    """The run in the checkpoint if it exists. Otherwise a new run, with the weights of a trained model if one is given.

    model: the trained model's folder
    """
    torch.manual_seed(plan.seed)
    saved = torch.load(checkpoint, weights_only=True) if checkpoint.exists() else None
    weights, vocabulary = None, None
    if saved:
        vocabulary = Vocabulary(saved["vocabulary"])
    elif model:
        weights, vocabulary = export.read(model)
    mixture = Mixture(texts, plan.n_known, plan.seed, vocabulary)
    network = Network(plan.shape, len(mixture.vocabulary.tokens), mixture.vocabulary.n_unknown)
    if weights:
        network.load_state_dict(weights)
    run = Run(mixture, network, _optimizers(network))
    if saved:
        _restore(run, saved)
    return run


def save(run: Run, folder: Path) -> None:
    """Writes the checkpoint, completely or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "network": run.network.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in run.optimizers],
        "vocabulary": run.mixture.vocabulary.tokens,
        "drawn": run.mixture.drawn,
        "step": run.step,
        "tokens": run.tokens,
        "seconds": run.seconds,
        "cooling_from": run.cooling_from,
    }
    partial = folder / f"{CHECKPOINT}.part"
    torch.save(state, partial)
    partial.replace(folder / CHECKPOINT)


def train(run: Run, plan: Plan, folder: Path, watch: Watch) -> Iterator[float]:
    """Trains to the end of the schedule. Yields the loss of each step."""
    torch.set_num_threads(1)
    with ThreadPoolExecutor(plan.workers) as pool:
        yield from _train(run, plan, folder, watch, pool)


def _train(run: Run, plan: Plan, folder: Path, watch: Watch, pool: Executor) -> Iterator[float]:
    losses: list[float] = []
    saved, began = run.seconds, time.perf_counter() - run.seconds
    end = plan.schedule.end(run.cooling_from)
    while run.tokens < end:
        factor = plan.schedule.factor(run.tokens, run.cooling_from)
        form = plan.batches[run.step % len(plan.batches)]
        loss = _step(run, plan, form, factor, pool)
        run.step += 1
        run.tokens += form.rows * form.length
        run.seconds = time.perf_counter() - began
        losses.append(loss)
        finished = run.tokens >= end
        if run.step % plan.log_every == 0 or finished:
            _log(folder, run, loss=round(fmean(losses), 4), rate=round(factor, 4))
            losses.clear()
        if run.seconds - saved > plan.checkpoint_seconds or finished:
            save(run, folder)
            saved = run.seconds
        if run.step % plan.watch_every == 0 or finished:
            _log(folder, run, **watch(run))
        yield loss


def _step(run: Run, plan: Plan, form: Rows, factor: float, pool: Executor) -> float:
    """One step; returns the loss before it."""
    inputs, targets, weights = map(torch.from_numpy, run.mixture.batch(run.step, form.rows, form.length, form.long))
    parameters = list(run.network.parameters())

    def gradients(inputs: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, ...]:
        """The loss of some rows and its gradients."""
        x = run.network.stream(inputs).flatten(0, 1)  # [rows * length, n_embd]
        table, shift = run.network.wte.weight, run.network.shift
        loss = weighted_cross_entropy(x, table, shift, targets.flatten(), weights.flatten())
        return loss.detach(), *torch.autograd.grad(loss, parameters)

    columns = (whole.chunk(plan.workers) for whole in (inputs, targets, weights / weights.sum()))
    loss, *slopes = (torch.stack(parts).sum(0) for parts in zip(*pool.map(gradients, *columns), strict=True))
    for parameter, slope in zip(parameters, slopes, strict=True):
        parameter.grad = slope
    for optimizer, rate in zip(run.optimizers, (plan.matrix_rate, plan.other_rate), strict=True):
        for group in optimizer.param_groups:
            group["lr"] = rate * factor
        optimizer.step()
    return loss.item()


def _restore(run: Run, saved: dict[str, Any]) -> None:
    run.network.load_state_dict(saved["network"])
    for optimizer, state in zip(run.optimizers, saved["optimizers"], strict=True):
        optimizer.load_state_dict(state)
    run.mixture.drawn.update(saved["drawn"])
    run.step, run.tokens, run.seconds = saved["step"], saved["tokens"], saved["seconds"]
    run.cooling_from = saved["cooling_from"]


def _optimizers(network: Network) -> tuple[torch.optim.Optimizer, ...]:
    named = tuple(network.named_parameters())
    matrices = [p for name, p in named if name.startswith("h.") and p.ndim == 2]
    others = [p for name, p in named if not (name.startswith("h.") and p.ndim == 2)]
    return (
        Muon(matrices, lr=0.0, weight_decay=0.01),
        torch.optim.AdamW(others, lr=0.0, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
    )


def _log(folder: Path, run: Run, **values: object) -> None:
    """Appends a line to the log and prints it."""
    line = {"step": run.step, "tokens": run.tokens, "hours": round(run.seconds / 3600, 3), **values}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOG).open("a", encoding="utf-8") as file:
        print(json.dumps(line), file=file)
    print(json.dumps(line), flush=True)
