"""`gpt2-excel circuit`: a small set of heads and MLPs that suffices for a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from addin.commands import options

if TYPE_CHECKING:
    from udfs.backend.gpt2.model import Model
    from udfs.backend.interpret.circuits import Parts, Task


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
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def circuit(cases: tuple[tuple[str, str], ...], model: str | None, method: str, gradients: bool, as_json: bool) -> None:
    """Find a small set of heads and MLPs that suffices for a task.

    With only these, every answer stays right; all others are ablated.

    Drops one component at a time, always the one that the answers need least, until each remaining one is needed:
    first whole attention layers and MLPs, then single heads. GPT2_CIRCUIT takes the names that this command prints.

    \b
    gpt2-excel circuit
    gpt2-excel circuit --case "2 + 2 =" " 4" --case "2 + 3 =" " 5"
    """
    from udfs.backend import catalogue
    from udfs.backend.interpret import circuits
    from udfs.models.demo.prompts import SEVEN_DAYS

    loaded = catalogue.load(model or "")
    task = _task(cases or SEVEN_DAYS, loaded, method)
    halves = _smallest(task, circuits.halves(loaded.config), "attentions and MLPs", gradients)
    parts = _smallest(task, circuits.singles(halves, loaded.config), "heads and MLPs", gradients)
    coarse, fine = (circuits.component_names(found, loaded.config) for found in (halves, parts))
    if as_json:
        import json

        result = {"model": loaded.text, "method": method, "attentions_and_mlps": coarse, "heads_and_mlps": fine}
        click.echo(json.dumps(result, indent=2))
        return
    click.echo(f"model                {loaded.text}")
    click.echo(f"attentions and MLPs  {len(coarse)}: {', '.join(coarse)}")
    click.echo(f"of these, heads      {len(fine)}: {', '.join(fine)}")


def _task(cases: tuple[tuple[str, str], ...], model: Model, method: str) -> Task:
    from udfs.backend.gpt2.prompts import prompt_ids
    from udfs.backend.interpret.circuits import Task
    from udfs.cells import arguments as arg

    prompts = [prompt_ids(prompt, model) for prompt, _ in cases]
    answers = [arg.token(answer, model, "answer") for _, answer in cases]
    return Task(prompts, answers, model, method)


def _smallest(task: Task, candidates: list[Parts], what: str, gradients: bool) -> Parts:
    from udfs.backend.interpret.circuits import smallest, thinned

    def progress(parts: Parts, lead: float) -> None:
        kept = sum(candidate <= parts for candidate in candidates)
        click.echo(f"{kept} {what}: the answers lead by {lead:.2f}", err=True)

    return smallest(task, thinned(task, candidates, progress) if gradients else candidates, progress)
