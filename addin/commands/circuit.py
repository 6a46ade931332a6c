"""`gpt2-excel circuit`: a small set of heads and MLPs that suffices for a task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import click

from addin.commands import options

if TYPE_CHECKING:
    from udfs.backend.arrays import Array
    from udfs.backend.interpret.circuits import Parts, Task

Elsewhere: TypeAlias = "Callable[[Sequence[Sequence[Parts]], Sequence[Parts]], Iterable[Sequence[float]]]"


class _Work(NamedTuple):
    """The task of a search, as it travels to a worker."""

    cases: tuple[tuple[str, str], ...]
    model: str
    method: str
    name: str
    checksum: str


@click.command()
@click.option(
    "--case",
    "cases",
    type=(options.Characters(), options.Characters()),
    multiple=True,
    metavar="PROMPT ANSWER",
    help="A prompt and the token that should follow it, with its leading space. Can be repeated. By default "
    'the seven days: "If today is Monday, tomorrow is" " Tuesday", and so on.',
)
@options.model
@click.option(
    "--method",
    type=click.Choice(["mean", "zero"]),
    default="mean",
    show_default=True,
    help="What replaces the other heads and MLPs: their mean over the prompts, or zero.",
)
@click.option(
    "--gradients",
    is_flag=True,
    help="First drop many components at once, those that matter least by a gradient, and verify each step: faster. "
    "The set that is found can be another one.",
)
@options.workers
@options.scheduler
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def circuit(
    cases: tuple[tuple[str, str], ...],
    model: str | None,
    method: str,
    gradients: bool,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Find a small set of heads and MLPs that suffices for a task.

    With only these, every answer stays right; all others are ablated.

    Drops one component at a time, always the one that the answers need least, until each remaining one is needed:
    first whole attention layers and MLPs, then single heads. GPT2_CIRCUIT takes the names that this command prints.

    \b
    gpt2-excel circuit
    gpt2-excel circuit --case "2 + 2 =" " 4" --case "2 + 3 =" " 5"
    """
    from addin.cluster import model_checksum
    from udfs.backend import catalogue
    from udfs.backend.interpret import circuits
    from udfs.models.demo.prompts import SEVEN_DAYS

    options.check_one_of(workers, scheduler)
    loaded = catalogue.load(model or "")
    work = _Work(tuple(cases or SEVEN_DAYS), loaded.text, method, loaded.name, model_checksum(loaded.name))
    task = _task(work)
    with _elsewhere(work, scheduler, workers) as elsewhere:
        halves = _smallest(task, circuits.halves(loaded.config), "attentions and MLPs", gradients, elsewhere)
        parts = _smallest(task, circuits.singles(halves, loaded.config), "heads and MLPs", gradients, elsewhere)
    coarse, fine = (circuits.component_names(found, loaded.config) for found in (halves, parts))
    if as_json:
        import json

        result = {"model": loaded.text, "method": method, "attentions_and_mlps": coarse, "heads_and_mlps": fine}
        click.echo(json.dumps(result, indent=2))
        return
    click.echo(f"model                {loaded.text}")
    click.echo(f"attentions and MLPs  {len(coarse)}: {', '.join(coarse)}")
    click.echo(f"of these, heads      {len(fine)}: {', '.join(fine)}")


@lru_cache(maxsize=1)
def _task(work: _Work) -> Task:
    from udfs.backend import catalogue
    from udfs.backend.gpt2.prompts import prompt_ids
    from udfs.backend.interpret.circuits import Task
    from udfs.cells import arguments as arg

    model = catalogue.load(work.model)
    prompts = [prompt_ids(prompt, model) for prompt, _ in work.cases]
    answers = [arg.token(answer, model, "answer") for _, answer in work.cases]
    return Task(prompts, answers, model, work.method)


@contextmanager
def _elsewhere(work: _Work, scheduler: str | None, workers: int | None) -> Iterator[Elsewhere | None]:
    """What computes the groups of a search on Dask; None if this process does."""
    if scheduler is None and not workers:
        yield None
        return
    from addin import cluster

    with cluster.opened(scheduler, workers) as client:

        def elsewhere(groups: Sequence[Sequence[Parts]], kept: Sequence[Parts]) -> Iterable[Sequence[float]]:
            futures = client.map(_leads, groups, kept=tuple(kept), work=work, pure=False)
            return [future.result() for future in futures]

        yield elsewhere


def _leads(group: Sequence[Parts], kept: tuple[Parts, ...], work: _Work) -> list[float]:
    """The leads of one group, on a worker. Raises MissingError if it has another model."""
    from addin.cluster import check_model
    from udfs.backend.interpret.circuit_search import leads_without

    check_model(work.name, work.checksum)
    return leads_without(group, kept, _task(work), _streams(work, kept))


@lru_cache(maxsize=1)
def _streams(work: _Work, kept: tuple[Parts, ...]) -> list[list[Array]]:
    """The streams of what is kept, which all groups of one round start from."""
    from udfs.backend.interpret.circuits import union

    return _task(work).streams(union(kept))


def _smallest(task: Task, candidates: list[Parts], what: str, gradients: bool, elsewhere: Elsewhere | None) -> Parts:
    from udfs.backend.interpret.circuit_search import smallest, thinned

    def progress(parts: Parts, lead: float) -> None:
        kept = sum(candidate <= parts for candidate in candidates)
        click.echo(f"{kept} {what}: the answers lead by {lead:.2f}", err=True)

    fewer = thinned(task, candidates, progress) if gradients else candidates
    return smallest(task, fewer, progress, elsewhere)
