"""Many prompts of ten tokens: `gpt2-excel map`, a loop of `gpt2_predict`, and transformers in batches of 32.

    python -m tests.benchmarks.many_prompts [--prompts 2000] [--workers 0 --workers 2] [--size small]

The model is a random checkpoint of GPT-2 small's size. The map is one command, from its start to the written table. The
others are measured without their start, on a part of the prompts, half before and half after the map. Every program has
a thread for each core. transformers is left out if it is not installed (extra `benchmark`).
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np

from tests.benchmarks import checkpoints, workers
from tests.benchmarks.speed import machine
from tests.benchmarks.tables import markdown
from tests.benchmarks.workers import Worker
from udfs.backend.gpt2.tokenizer import GPT2

LOOP, TRANSFORMERS = "gpt2_excel", "hf_transformers"
_N_TOKENS = 10
_WARM_UP = 32  # prompts


@dataclass
class Measured:
    """What a program took for some prompts. `cpu` counts the seconds of all its processes and threads."""

    prompts: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    def add(self, prompts: int, seconds: float, cpu: float) -> None:
        """Counts more prompts."""
        self.prompts += prompts
        self.seconds += seconds
        self.cpu += cpu

    @property
    def rate(self) -> float:
        """Prompts a second."""
        return self.prompts / self.seconds

    def row(self, name: str, beside: Measured) -> list[str]:
        """A line of the table."""
        each = self.cpu / self.prompts * 1e3
        return [name, f"{self.rate:.1f}", f"{each:.1f}", f"{self.rate / beside.rate:.2f}", str(self.prompts)]


@click.command()
@click.option("--prompts", default=2000, show_default=True)
@click.option("--sample", default=200, show_default=True, help="Prompts of the loop; of transformers, twice as many.")
@click.option(
    "--workers", "processes", type=int, multiple=True, help="Of the map; by default, a process for each core."
)
@click.option("--size", type=click.Choice(list(checkpoints.SHAPES)), default="small", show_default=True)
def main(prompts: int, sample: int, processes: Sequence[int], size: str) -> None:
    """Measures and prints."""
    folder = checkpoints.cached(size)
    ids = random_prompts(prompts)
    texts = [GPT2.decode(of) for of in ids]
    found: dict[str, Measured] = {}
    tokens: dict[str, list[int]] = {}
    print(f"{machine()}; {prompts} prompts of {_N_TOKENS} tokens\n", flush=True)
    with TemporaryDirectory() as place, workers.started((LOOP, TRANSFORMERS), folder) as running:
        table = write_table(texts, Path(place))
        given: dict[str, tuple[Sequence[Any], int]] = {LOOP: (texts, sample), TRANSFORMERS: (ids, 2 * sample)}
        for worker in running.values():
            worker.call("next_tokens", texts[-_WARM_UP:] if worker is running[LOOP] else ids[-_WARM_UP:])

        def take_turns(half: int) -> None:
            for module, worker in running.items():
                all_of, count = given[module]
                part = all_of[half * count // 2 : (half + 1) * count // 2]
                _measure(worker, part, found.setdefault(worker.name, Measured()), tokens.setdefault(worker.name, []))

        take_turns(0)
        for count in processes or [None]:
            name = f"map{'' if count is None else f' --workers {count}'}"
            options = [] if count is None else ["--workers", str(count)]
            found[name], tokens[name] = measured_map(table, folder, options)
        take_turns(1)
        loop = found.pop(running[LOOP].name)
        lines = [loop.row("loop of gpt2_predict", loop), *(found[name].row(name, loop) for name in found)]
    print(markdown(["", "prompts/s", "CPU ms a prompt", "x loop", "prompts"], lines))
    right = next(tokens[name] for name in found if name.startswith("map"))
    wrong = {name: sum(a != b for a, b in zip(right, of, strict=False)) for name, of in tokens.items()}
    print(f"\nother next tokens than the first map's: {', '.join(f'{name} {n}' for name, n in wrong.items())}")


def random_prompts(count: int) -> list[list[int]]:
    """Prompts of ten words that are one token each, the same on every machine."""
    random = np.random.RandomState(0)
    words = [at for at in range(50257) if (text := GPT2.token_text(at)).startswith(" ") and text[1:].isalpha()]
    words = [at for at in words if GPT2.token_text(at).isascii()]
    found: list[list[int]] = []
    while len(found) < count:
        ids = random.choice(words, _N_TOKENS).tolist()
        if GPT2.encode(GPT2.decode(ids)) == ids:
            found.append(ids)
    return found


def write_table(texts: Sequence[str], folder: Path) -> Path:
    """A CSV file of the prompts, in the column `text`."""
    path = folder / "prompts.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text"], *([text] for text in texts)])
    return path


def measured_map(table: Path, models: Path, options: Sequence[str]) -> tuple[Measured, list[int]]:
    """The whole command's time, and the ids of the next tokens, in the order of the rows."""
    output = table.with_name("answers.csv")
    arguments = [table, "GPT2_PREDICT(text, 1)", "-o", output, "--model", models.name, *options]
    command = [sys.executable, "-m", "addin.cli", "map", *map(str, arguments)]
    environment = os.environ | {"GPT2_EXCEL_MODELS": str(models.parent)}
    cpu, seconds = _of_children(lambda: subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL))
    with output.open(newline="", encoding="utf-8") as file:
        tokens = [int(row["id"]) for row in csv.DictReader(file)]
    return Measured(len(tokens), seconds, cpu), tokens


def _of_children(work: Callable[[], object]) -> tuple[float, float]:
    """The CPU seconds of the processes that `work` starts and waits for, and the seconds that it takes."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, seconds


def _measure(worker: Worker, prompts: Sequence[Any], found: Measured, tokens: list[int]) -> None:
    before, started = worker.cpu(), time.perf_counter()
    tokens += worker.call("next_tokens", prompts)
    found.add(len(prompts), time.perf_counter() - started, worker.cpu() - before)


if __name__ == "__main__":
    main()
