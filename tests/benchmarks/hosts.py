"""What a user waits for: how long each host recalculates a workbook after an edit, with its own way to Python.

python -m tests.benchmarks.hosts                       # the anatomy workbook, with the demo model
python -m tests.benchmarks.hosts small                 # with a random checkpoint of GPT-2 small's shape
python -m tests.benchmarks.hosts --template mri --template surgery
python -m tests.benchmarks.hosts --beside ../before    # also another checkout of the project, in turn

Headless and Calc recalculate all cells. For Office and desktop, the calls that the edit causes are recorded without a
spreadsheet program and then sent in waves, as Excel starts together all calls whose arguments are ready: Office's
through the page in chromium and a server, the desktop's through xlwings' conversions, without COM. No inspector follows
the page's requests: see `bare_page.py`. A host that this machine does not have is left out. The machine must be idle
otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks import checkpoints, one_host
from tests.benchmarks.speed import machine
from tests.benchmarks.tables import markdown, number
from udfs.backend import catalogue
from workbook_templates import FORMULAS_ONLY, TEMPLATES

ROOT = Path(__file__).parents[2]
STEPS = (one_host.OPEN, one_host.FIRST, one_host.PROMPT, *one_host.TAB_OF, one_host.SAVE)
SENT = ("waves", "calls", "cells sent", "cells back")  # after another prompt
MAX_ROUNDS = len(one_host.PROMPTS) - 1

# A script's own folder would come first in `sys.path`, before the checkout.
_RUN = "import runpy, sys; sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"


class Job:
    """A process that measures one host in one checkout."""

    def __init__(self, checkout: Path, *arguments: str) -> None:
        own = checkout / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self._process = subprocess.Popen(
            [str(own) if own.exists() else sys.executable, "-c", _RUN, one_host.__file__, *arguments],
            cwd=checkout,
            env=os.environ | {"PYTHONPATH": str(checkout), "HF_HUB_OFFLINE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.before = self._answer()

    def round(self, number: int) -> dict[str, float]:
        """The seconds of each edit of a round."""
        assert self._process.stdin is not None
        print(number, file=self._process.stdin, flush=True)
        answer: dict[str, float] = self._answer()
        return answer

    def close(self) -> None:
        """Waits until the process has ended."""
        self._process.communicate()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process has ended: see its traceback above")
        return json.loads(line)


Folders = dict[Path, Path]  # for each checkout, the folder with its workbooks and calls


def measure(host: str, template: str, model: str, folders: Folders, rounds: int) -> dict[Path, dict[str, float]]:
    """The median seconds of each step in each checkout; the checkouts take turns. Empty if the host is missing."""
    jobs: dict[Path, Job] = {}
    with ExitStack() as stack:
        for checkout, folder in folders.items():
            jobs[checkout] = Job(checkout, host, template, model, str(folder), str(rounds + 1))
            stack.callback(jobs[checkout].close)
            if isinstance(missing := jobs[checkout].before, str):
                print(f"left out: {host} ({missing})", flush=True)
                return {}
        for job in jobs.values():  # get the work of the first use done
            job.round(0)
        played = [{checkout: job.round(turn) for checkout, job in jobs.items()} for turn in range(1, rounds + 1)]
    medians = {
        checkout: {step: statistics.median(turn[checkout][step] for turn in played) for step in played[0][checkout]}
        for checkout in jobs
    }
    return {checkout: job.before | medians[checkout] for checkout, job in jobs.items()}


def rows_of(
    template: str, model: str, hosts: Sequence[str], checkouts: Sequence[Path], rounds: int
) -> Iterator[list[str]]:
    """The table's rows for one workbook."""
    with TemporaryDirectory() as path:
        folders = {checkout: Path(path) / str(index) for index, checkout in enumerate(checkouts)}
        sent = {}
        for checkout, folder in folders.items():
            folder.mkdir()
            recorder = Job(checkout, "record", template, model, str(folder), str(rounds + 1))
            recorder.close()
            sent[checkout] = [f"{count:,}" for count in recorder.before[one_host.PROMPT]]
        for host in hosts:
            for checkout, times in measure(host, template, model, folders, rounds).items():
                name = host if checkout == checkouts[0] else f"{host}, {checkout.name}"
                yield [template, name, *(number(times.get(step), ".2f") for step in STEPS), *sent[checkout]]


@contextmanager
def model_named(name: str) -> Iterator[str]:
    """The model, for which a random checkpoint is made if the name is a size."""
    if name in checkpoints.SHAPES:
        folder = checkpoints.cached(name)
        os.environ["GPT2_EXCEL_MODELS"], name = str(folder.parent), folder.name
    yield name


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    with_functions = [name for name in TEMPLATES if name not in FORMULAS_ONLY]
    parser.add_argument("model", nargs="?", default=catalogue.DEMO, help="a model, or the size of a random checkpoint")
    parser.add_argument("--template", action="append", choices=with_functions)
    parser.add_argument("--host", action="append", choices=list(one_host.HOSTS))
    parser.add_argument("--rounds", type=int, default=MAX_ROUNDS, choices=range(1, MAX_ROUNDS + 1))
    parser.add_argument("--beside", type=Path, help="another checkout of this project, with a .venv of its own")
    options = parser.parse_args()
    checkouts = [ROOT, *([options.beside.resolve()] if options.beside else [])]
    print(f"{machine()}; {options.model}, prompts of 10 tokens; median of {options.rounds}\n", flush=True)
    with model_named(options.model) as model:
        rows = [
            row
            for template in options.template or ["anatomy"]
            for row in rows_of(template, model, options.host or list(one_host.HOSTS), checkouts, options.rounds)
        ]
    print(markdown(["workbook", "host, seconds", *STEPS, *SENT], rows))


if __name__ == "__main__":
    main()
