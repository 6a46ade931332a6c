"""One Dask worker and two: `gpt2-excel map --scheduler` with workers in separate processes, each with one thread.

    python -m tests.benchmarks.cluster [--prompts 1024] [--workers 1 --workers 2] [--size small]

A warm-up lets each worker load the model. In the middle of the map, the benchmark reads what the scheduler's own page
tells about its tasks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import click
import psutil

from tests.addin.office.running import free_port
from tests.benchmarks import checkpoints
from tests.benchmarks.many_prompts import measured_map, random_prompts, write_table
from tests.benchmarks.speed import machine
from udfs.backend.gpt2.tokenizer import GPT2

_CHUNK = 128  # rows of a task
_ONE_THREAD = dict.fromkeys(("GPT2_EXCEL_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
_NO_PROFILER = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}  # it costs a tenth of the work


@click.command()
@click.option("--prompts", default=1024, show_default=True)
@click.option("--workers", "counts", type=int, multiple=True, default=(1, 2), show_default=True)
@click.option("--size", type=click.Choice(list(checkpoints.SHAPES)), default="small", show_default=True)
def main(prompts: int, counts: Sequence[int], size: str) -> None:
    """Measures and prints."""
    folder = checkpoints.cached(size)
    texts = [GPT2.decode(ids) for ids in random_prompts(prompts + _CHUNK * max(counts))]
    print(f"{machine()}; {prompts} prompts\n", flush=True)
    answers = []
    print("workers  prompts/s  cores of the workers  prompts a CPU second of theirs  the scheduler's page", flush=True)
    with TemporaryDirectory() as place:
        for count in counts:
            with cluster(folder.parent, count) as (scheduler, page, workers):
                options = ["--scheduler", scheduler]
                measured_map(write_table(texts[prompts:], Path(place)), folder, options)
                table, before = write_table(texts[:prompts], Path(place)), _cpu(workers)
                with _watched(page) as seen:
                    found, tokens = measured_map(table, folder, options)
                cpu = _cpu(workers) - before
            shown = max(seen, key=lambda counted: counted["processing"], default={})
            print(
                f"{count:7d} {found.rate:10.1f} {cpu / found.seconds:21.2f} {found.prompts / cpu:31.1f}  "
                f"{json.dumps(shown)}",
                flush=True,
            )
            answers.append(tokens)
    print(f"\nthe same tokens: {all(tokens == answers[0] for tokens in answers)}")


@contextmanager
def cluster(models: Path, count: int) -> Iterator[tuple[str, str, list[psutil.Process]]]:
    """A scheduler and its workers. Yields its address, the address of its page, and the workers' processes."""
    port, page = free_port(), free_port()
    address, environment = (
        f"tcp://127.0.0.1:{port}",
        os.environ | _ONE_THREAD | _NO_PROFILER | {"GPT2_EXCEL_MODELS": str(models)},
    )
    scheduler = [
        "dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--dashboard-address",
        f"127.0.0.1:{page}",
    ]
    worker = ["dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                _running([sys.executable, "-m", f"distributed.cli.{command[0]}", *command[1:]], environment)
            )
            for command in (scheduler, *[worker] * count)
        ]
        counts = f"http://127.0.0.1:{page}/json/counts.json"
        while _read(counts).get("workers") != count:
            time.sleep(0.2)
        yield address, counts, [psutil.Process(process.pid) for process in started[1:]]


@contextmanager
def _running(command: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _watched(page: str) -> Iterator[list[dict[str, Any]]]:
    """Reads the scheduler's page every half second, into a list that grows."""
    seen: list[dict[str, Any]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            seen.append(_read(page))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def _read(page: str) -> dict[str, Any]:
    """The numbers of workers and tasks; none while the scheduler starts."""
    try:
        with urlopen(page, timeout=5) as answer:
            return dict(json.load(answer))
    except OSError:
        return {"processing": 0}


def _cpu(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


if __name__ == "__main__":
    main()
