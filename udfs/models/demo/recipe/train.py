"""Training: Muon for the matrices of the blocks, AdamW for the rest, and a checkpoint to continue from."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor

from udfs.models.demo.recipe.corpus import Batches, Vocabulary, find_vocabulary
from udfs.models.demo.recipe.network import Network, Shape

CHECKPOINT: Final = "checkpoint.pt"
_LENGTHS: Final = ((48, 32), (24, 64), (48, 32), (48, 32), (24, 64), (48, 32), (6, 256))
"""(rows, length) of successive steps: short rows hold one document, long ones train the later positions."""


class Phase(NamedTuple):
    """Steps with one mixture of topics; the learning rate goes linearly from one fraction of its peak to another."""

    steps: int
    mixture: int
    rate_from: float
    rate_to: float


@dataclass(frozen=True)
class Plan:
    """The settings of a training run. The same plan gives the same batches."""

    phases: tuple[Phase, ...] = (
        Phase(2500, 0, 1.01, 0.505),
        Phase(1000, 1, 0.65, 0.65 * 2500 / 3500),
        Phase(500, 2, 0.8, 0.8 * 3000 / 3500),
        Phase(1000, 3, 0.7, 0.5),
        Phase(1000, 4, 0.6, 0.4),
        Phase(1500, 5, 0.4, 0.0),
    )
    warmup: int = 50
    seed: int = 2
    matrix_rate: float = 0.02
    other_rate: float = 1e-2
    checkpoint_every: int = 500
    threads: int = 2

    @property
    def steps(self) -> int:
        """The number of steps in all phases."""
        return sum(phase.steps for phase in self.phases)

    def at(self, step: int) -> tuple[Phase, float]:
        """The phase of a step, and the fraction of the peak learning rates."""
        for phase in self.phases:
            if step < phase.steps:
                return phase, phase.rate_from + (phase.rate_to - phase.rate_from) * step / phase.steps
            step -= phase.steps
        raise IndexError(f"step is past the end of the plan, by {step}")


@dataclass
class Run:
    """A network in training."""

    vocabulary: Vocabulary
    network: Network
    optimizers: tuple[torch.optim.Optimizer, ...]
    step: int = 0


def start(plan: Plan, folder: Path) -> Run:
    """A new run, or the run whose checkpoint is in `folder`."""
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    vocabulary = find_vocabulary(plan.seed)
    network = Network(Shape(), len(vocabulary.tokens), vocabulary.n_unknown)
    run = Run(vocabulary, network, _optimizers(network, plan))
    path = folder / CHECKPOINT
    if path.exists():
        saved = torch.load(path, weights_only=True)
        network.load_state_dict(saved["network"])
        for optimizer, state in zip(run.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        run.step = saved["step"]
    return run


def save(run: Run, folder: Path) -> None:
    """Writes the checkpoint, completely or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "network": run.network.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in run.optimizers],
        "step": run.step,
    }
    partial = folder / f"{CHECKPOINT}.part"
    torch.save(state, partial)
    partial.replace(folder / CHECKPOINT)


def train(run: Run, plan: Plan, folder: Path, compiled: bool, watch: Callable[[Run], str]) -> None:
    """Trains to the end of the plan. Each checkpoint prints the loss, the speed and the result of `watch`."""
    batches = Batches(run.vocabulary, plan.seed)
    loss_of: Callable[[Tensor, Tensor, Tensor], Tensor] = run.network.loss
    if compiled:
        loss_of = torch.compile(run.network.loss, dynamic=False)
    began, tokens, total = time.perf_counter(), 0, 0.0
    while run.step < plan.steps:
        phase, factor = plan.at(run.step)
        rows, length = _LENGTHS[run.step % len(_LENGTHS)]
        batch = [torch.from_numpy(part) for part in batches.batch(run.step, rows, length, phase.mixture)]
        _set_rate(run, plan, factor)
        loss = loss_of(*batch)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        for optimizer in run.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        run.step += 1
        tokens += rows * length
        total += loss.item()
        if run.step % plan.checkpoint_every == 0 or run.step == plan.steps:
            save(run, folder)
            seconds = time.perf_counter() - began
            mean = total * rows * length / tokens
            print(
                f"step {run.step}/{plan.steps}  loss {mean:.4f}  {tokens / seconds:.0f} tokens/s  {watch(run)}",
                flush=True,
            )
            began, tokens, total = time.perf_counter(), 0, 0.0


def _optimizers(network: Network, plan: Plan) -> tuple[torch.optim.Optimizer, ...]:
    matrices = [p for name, p in network.named_parameters() if name.startswith("h.") and p.ndim == 2]
    others = [p for name, p in network.named_parameters() if not (name.startswith("h.") and p.ndim == 2)]
    return (
        torch.optim.Muon(matrices, lr=plan.matrix_rate, weight_decay=0.01, adjust_lr_fn="original"),
        torch.optim.AdamW(others, lr=plan.other_rate, betas=(0.9, 0.98), weight_decay=0.0),
    )


def _set_rate(run: Run, plan: Plan, factor: float) -> None:
    """Sets the learning rates to a fraction of their peaks, smaller in the first steps."""
    factor = min((run.step + 1) / plan.warmup, factor)
    for optimizer, rate in zip(run.optimizers, (plan.matrix_rate, plan.other_rate), strict=True):
        for group in optimizer.param_groups:
            group["lr"] = rate * factor
